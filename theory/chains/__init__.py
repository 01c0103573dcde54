"""Markov chains and priors over them: two states in symbols, any number in numbers."""
