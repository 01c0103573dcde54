import numpy as np
import pytest

from sim.learning.objectives import all_sequences
from sim.models.transformer import construction
from sim.models.transformer.construction import AttentionWeights, attention_layer, attention_scores


def head(T, d, seed):
    rng = np.random.default_rng(seed)
    Q, K, V, v, e = (rng.normal(size=(n, d)) for n in (d, d, d, T, T))
    return e, AttentionWeights(Q, K, V, v)


def test_one_query_by_hand():
    # v_2 = (1, 1) scores the previous token by the sum of its key: 2 log 3 / sqrt(2) each
    e = np.eye(2)
    v = np.array([[0.0, 0.0], [1.0, 1.0]])
    key = np.sqrt(2) * np.log(3) * np.eye(2)
    weights = AttentionWeights(np.zeros((2, 2)), key, np.eye(2), v)
    np.testing.assert_allclose(attention_scores(e, weights), [[0, -np.inf], [np.log(3), 0]])
    np.testing.assert_allclose(attention_layer(e, weights), [[1, 0], [3 / 4, 1 / 4]])


def test_a_later_token_changes_no_earlier_output():
    e, weights = head(7, 4, 0)
    changed = e.copy()
    changed[4] += 1.0
    before, after = attention_layer(e, weights), attention_layer(changed, weights)
    np.testing.assert_array_equal(before[:4], after[:4])
    assert np.abs(before[4:] - after[4:]).min() > 0


def test_a_shift_of_all_scores_changes_nothing_and_large_ones_do_not_overflow():
    e, weights = head(6, 3, 1)
    e[:, 0] = 1.0
    keys = weights.W_K.copy()
    keys[:, 0], keys[0, 0] = 0.0, 900.0  # every key gets 900 in its first coordinate
    positions = weights.v.copy()
    positions[:, 0] = 0.0
    queries = weights.W_Q.copy()
    queries[:, 0] = 0.0
    plain = AttentionWeights(queries, keys, weights.W_V, positions)
    positions = positions.copy()
    positions[:, 0] = 1.0
    shifted = plain._replace(v=positions)
    np.testing.assert_allclose(attention_layer(e, plain), attention_layer(e, shifted), atol=1e-12)
    assert attention_scores(e, shifted).max() > 500


@pytest.mark.parametrize("begin", [False, True])
@pytest.mark.parametrize(("k", "T"), [(2, 6), (3, 4)])
def test_construction_counts_bigrams(k, T, begin):
    d = 3 * (k + begin)
    model = construction.bigram_construction(k, T, 30 * np.sqrt(d), begin=begin)
    for x in all_sequences(k, T):
        found = construction.two_layer_transformer([*[k] * begin, *x], model)[int(begin) :]
        for i in range(T):
            count = np.zeros(k)
            for p in range(1, i + 1):
                count[x[p]] += x[p - 1] == x[i]
            if not begin:
                count[x[0]] += x[0] == x[i]  # position 1 is its own previous token
            if count.sum():
                np.testing.assert_allclose(found[i], count / count.sum(), atol=1e-10)


def test_without_a_transition_to_go_by_it_averages_the_prefix():
    model = construction.bigram_construction(2, 3, 100.0)
    found = construction.two_layer_transformer([0, 0, 1], model)
    np.testing.assert_allclose(found[2], [2 / 3, 1 / 3], atol=1e-10)


def test_convergence_is_s_exp_minus_s():
    errors = []
    for s in (10.0, 20.0):
        model = construction.bigram_construction(2, 3, s * np.sqrt(6))
        errors.append(abs(construction.two_layer_transformer([0, 1, 0], model)[2, 1] - 0.5))
    # the error is (s + 1) exp(-s) / 4 to leading order
    np.testing.assert_allclose(errors, [11 / 4 * np.exp(-10), 21 / 4 * np.exp(-20)], rtol=0.01)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: construction.bigram_construction(1, 3, 1.0), "k must be an integer >= 2, got 1"),
        (lambda: construction.bigram_construction(2, 0, 1.0), "T must be an integer >= 1, got 0"),
        (lambda: construction.bigram_construction(2, 3, 0.0), "c must be a finite number > 0"),
        (lambda: attention_layer(np.ones((4, 2)), head(3, 2, 0)[1]), "length <= 3, the rows of v"),
        (lambda: attention_layer(np.ones(3), head(3, 2, 0)[1]), "e must have shape"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(ValueError, match=words):
        call()
