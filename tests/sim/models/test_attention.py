import numpy as np
import pytest

from sim.models.transformer import attention, construction, reference
from sim.models.transformer.model import Transformer


def drawn(k=3, length=9, seed=0, scale=0.7, **options):
    rng = np.random.default_rng(seed)
    model = Transformer(k, length, **{"width": 6, "layer_norm": False, **options})
    model = model.with_parameters(rng.normal(scale=scale, size=model.size))
    return model, rng.integers(0, k, (20, length))


def bigram_model(k=3, T=8, c=200.0):
    return Transformer.from_construction(construction.bigram_construction(k, T, c))


@pytest.mark.parametrize("options", [{}, {"heads": 2, "layer_norm": True, "layers": 3}])
def test_maps_are_the_softmax_of_eq_5(options):
    model, tokens = drawn(**options)
    maps = attention.attention_maps(model, tokens)
    expected = reference.attention_weights(model, model.views(), tokens)
    assert len(maps) == model.layers
    for found, wanted in zip(maps, expected, strict=True):
        assert found.shape == (20, model.heads, 9, 9)
        np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-14)
        np.testing.assert_allclose(found.sum(axis=-1), 1.0, rtol=1e-13)
        assert not found[..., ~np.tri(9, dtype=bool)].any()


def test_first_layer_against_the_layer_of_the_construction():
    model, tokens = drawn()
    weights = construction.AttentionWeights(
        *(model[f"layer0.{name}"] for name in ("query", "key", "value", "positions"))
    )
    scores = construction.attention_scores(model["embedding"][tokens[0]], weights)
    share = np.exp(scores)
    share /= share.sum(axis=1, keepdims=True)
    found = attention.attention_maps(model, tokens)[0][0, 0]
    np.testing.assert_allclose(found, share, rtol=1e-11)


def test_positional_encoding_by_hand():
    # width 1, keys 1 and 2 for the states, positions 0 and log 3: softmax (1, 3) / 4, (1, 9) / 10
    model = Transformer(2, 2, width=1, layer_norm=False)
    model["embedding"][:, 0] = [1.0, 2.0]
    model["layer0.key"][...] = 1.0
    model["layer0.positions"][:, 0] = [0.0, np.log(3)]
    found = attention.positional_encoding(model)
    np.testing.assert_allclose(found, [[(1 / 4 + 1 / 10) / 2, (3 / 4 + 9 / 10) / 2]])


def test_positional_encoding_is_what_the_last_row_shows_of_a_sequence_of_one_state():
    # one state everywhere: queries add the same to every score, only positions differ
    model, _ = drawn(2, 7, heads=2, layer_norm=True)
    rows = [attention.attention_maps(model, [[s] * 7])[0][0, :, -1, ::-1] for s in range(2)]
    np.testing.assert_allclose(attention.positional_encoding(model), np.mean(rows, axis=0))


def test_the_construction_of_prop_2_2_scores_one():
    model = bigram_model()
    tokens = np.random.default_rng(0).integers(0, 3, (40, 8))
    np.testing.assert_allclose(attention.previous_token_score(model, tokens), 1.0, atol=1e-12)
    # without a begin symbol position 1 is its own predecessor, and counts as following x_1
    tokens[:, 0] = 0
    tokens[:, 1:] = 1 + tokens[:, 1:] % 2
    np.testing.assert_allclose(attention.induction_score(model, tokens), 1.0, atol=1e-12)
    encoding = attention.positional_encoding(model)
    np.testing.assert_allclose(encoding, [np.eye(8)[1]], atol=1e-12)


def test_even_attention_scores_by_counting():
    model = Transformer(2, 4)  # all weights zero
    tokens = [[0, 1, 0, 0]]
    # positions 2, 3, 4 give 1/2, 1/3, 1/4 to the one before
    expected = (1 / 2 + 1 / 3 + 1 / 4) / 3
    assert attention.previous_token_score(model, tokens)[0] == pytest.approx(expected)
    # x_3 = 0: only j = 2 follows a 0, share 1/3; x_4 = 0: j = 2 and 4, share 2/4;
    # x_1 and x_2 have none
    assert attention.induction_score(model, tokens)[0] == pytest.approx((1 / 3 + 2 / 4) / 2)


def test_a_score_of_each_head():
    model, tokens = drawn(heads=3, layers=2)
    scores = attention.induction_score(model, tokens, layer=0)
    assert scores.shape == attention.previous_token_score(model, tokens, layer=1).shape == (3,)
    assert ((scores > 0) & (scores < 1)).all()
    assert np.ptp(scores) > 1e-3


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: attention.positional_encoding(drawn(positions="absolute")[0]),
            "model must have relative positions, got absolute",
        ),
        (lambda: attention.positional_encoding(drawn()[0], layer=2), "layer must be below 2, got"),
        (lambda: attention.previous_token_score(*drawn(), layer=-1), "layer must be an integer >="),
        (lambda: attention.previous_token_score(drawn()[0], [[0]]), "tokens must have length >= 2"),
        (lambda: attention.induction_score(drawn()[0], [[0, 1, 2]]), "tokens must repeat within"),
        (lambda: attention.attention_maps(drawn()[0], [[0] * 10]), "length <= length = 9, got 10"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(ValueError, match=words):
        call()
