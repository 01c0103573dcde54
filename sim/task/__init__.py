"""The in-context Markov chain task of Sec. 2: sequences, batches, strategies, losses."""
