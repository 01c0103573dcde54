"""The construction of Prop. 2.2 with the weights as they are printed."""

import numpy as np

from proofs_check.methods.attention_construction import PRINTED, outputs
from sim.learning.objectives import all_sequences


def test_the_printed_weights_give_unigram_frequencies():
    tokens = all_sequences(2, 6)
    unigram = np.cumsum(np.eye(2)[tokens], axis=1) / np.arange(1, 7)[:, None]
    np.testing.assert_allclose(outputs(PRINTED, 2, 6), unigram, atol=1e-12)
