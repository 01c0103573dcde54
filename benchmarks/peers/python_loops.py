"""Counting strategies as they are usually written: sequence by sequence in Python."""

from __future__ import annotations

from itertools import pairwise

import numpy as np


def last_token_predictions(tokens, k):
    """Unigram and bigram predictions after each sequence, ``(n, k)`` each, add-one smoothed."""
    unigrams, bigrams = [], []
    for sequence in tokens:
        count, pairs = np.ones(k), np.ones((k, k))
        for token in sequence:
            count[token] += 1
        for before, after in pairwise(sequence):
            pairs[before, after] += 1
        unigrams.append(count / count.sum())
        bigrams.append(pairs[sequence[-1]] / pairs[sequence[-1]].sum())
    return np.array(unigrams), np.array(bigrams)
