"""Markov chains and priors over them: symbolic for two states, numeric for any number."""
