"""Priors given as weighted sets of chains: what is refused, and what may be predicted for them."""

import numpy as np
import pytest
from scipy.linalg import expm

import sim
import theory
from theory.chains.invariance import require_invariance
from theory.chains.weighted import weighted_set
from theory.ngrams.origin import relabelled
from theory.stages.onset import unigram_time_constant

ONE = np.array([[0.9, 0.1], [0.4, 0.6]])
OTHER = np.array([[0.2, 0.8], [0.3, 0.7]])
PAIR = ([3.0, 1.0], np.stack([ONE, OTHER]))
BOTH = ([1.0, 1.0], np.stack([ONE, ONE[::-1, ::-1]]))


@pytest.mark.parametrize(("k", "T"), [(2, 5), (3, 3)])
def test_kernel_of_an_unsymmetric_set_is_the_gradient_over_all_sequences(k: int, T: int) -> None:
    chains = sim.FiniteSet(sim.Dirichlet(k), 2, seed=4)
    population = sim.Population(chains, T, sim.Margin(100.0))
    wanted = []
    for j in range(T):
        model = sim.MinimalModel(np.eye(T)[j], np.zeros((k, k)))
        wanted.append(-population.bind(model)(model.v, model.W)[1].W)
    K = theory.population_kernel(T, prior=(np.ones(2), chains.chains))
    assert pytest.approx(np.stack(wanted), abs=1e-13) == K
    assert np.abs(K[:, 0, 0] - K[:, 1, 1]).max() > 1e-3


def test_linear_flow_of_an_unsymmetric_set_is_the_matrix_exponential() -> None:
    T, rng = 4, np.random.default_rng(0)
    v, W, t = rng.normal(size=T), rng.normal(size=(2, 2)), 1.7
    K = theory.population_kernel(T, prior=PAIR).reshape(T, 4)
    both = np.block([[np.zeros((T, T)), K], [K.T, np.zeros((4, 4))]])
    wanted = expm(t * both) @ np.concatenate([v, W.ravel()])
    found = theory.linear_flow(v, W, t, prior=PAIR)
    assert np.concatenate([found[0], found[1].ravel()]) == pytest.approx(wanted, rel=1e-12)
    assert len(theory.modes(T, prior=PAIR).singular_values) > 2


def test_nodes_handed_in_give_what_the_name_gives() -> None:
    T, nodes = 30, theory.quadrature(24)
    assert theory.population_kernel(T, prior=nodes) == pytest.approx(
        theory.population_kernel(T), abs=1e-12
    )
    assert theory.escape_time(T, 1e-3, 0.1, prior=nodes) == pytest.approx(
        theory.escape_time(T, 1e-3, 0.1), rel=1e-12
    )
    found, wanted = (theory.modes(T, prior=prior).singular_values for prior in (nodes, "flat"))
    assert found == pytest.approx(wanted, rel=1e-12)
    model = theory.ExpectedCounts(T, T=T, prior=theory.quadrature(16))
    named = theory.ExpectedCounts(T, T=T)
    v = np.full(T, 0.1)
    assert model.loss_and_gradient(0.1, 0.2, v)[0] == pytest.approx(
        named.loss_and_gradient(0.1, 0.2, v)[0], rel=1e-12
    )
    assert theory.step_constants(2, nodes)[0] == pytest.approx(theory.step_constants(2)[0])
    assert unigram_time_constant(prior=nodes) == pytest.approx(unigram_time_constant())


def test_stages_of_nodes_handed_in_are_those_of_the_name() -> None:
    found = theory.predict_stages(12, prior=theory.quadrature(10), nodes=None)
    named = theory.predict_stages(12)
    assert found[:4] == pytest.approx(named[:4], rel=1e-6)


def test_stages_of_another_prior_of_sim() -> None:
    rule = sim.prior_quadrature(sim.Dirichlet(2, alpha=2.0), 10)
    found = theory.predict_stages(T=20, prior=rule)
    assert found.unigram is not None
    assert found.bigram is not None
    assert found.unigram < found.bigram
    assert found.unigram != pytest.approx(theory.predict_stages(20).unigram, rel=0.05)


def test_a_single_chain() -> None:
    T = 3
    K = theory.population_kernel(T, prior=([2.0], ONE[None]))
    pi = theory.stationary_distribution(ONE)
    # the last lag is seen from one position alone, with no gap
    last = np.einsum("l,li,mi,im->ml", pi, ONE @ ONE, ONE - 0.5, np.eye(2)) / T
    assert K[-1] == pytest.approx(last, abs=1e-15)
    with pytest.raises(ValueError, match=r"invariant .* the mean of pi_i changes"):
        theory.predict_stages(T, prior=([2.0], ONE[None]), closure="expected")
    assert theory.predict_stages(T, prior=([2.0], ONE[None])).unigram > 0


def test_symmetrised_is_the_average_over_relabellings() -> None:
    sample = np.random.default_rng(3).dirichlet(np.ones(3), size=(7, 3))
    marked = theory.symmetrised((np.ones(7), sample))
    written_out = np.ones(42), relabelled(sample)
    require_invariance(weighted_set(written_out))
    T = 6
    K = theory.population_kernel(T, prior=marked)
    assert pytest.approx(theory.population_kernel(T, prior=written_out), abs=1e-14) == K
    v = np.linspace(0.1, 0.3, T)
    values = [
        theory.ExpectedCounts(T, T=T, prior=prior).loss_and_gradient(0.2, 0.3, v)
        for prior in (marked, written_out)
    ]
    assert values[0][0] == pytest.approx(values[1][0], rel=1e-12)
    assert values[0][1].v == pytest.approx(values[1][1].v, rel=1e-10)


def test_a_sample_is_predicted_for_once_it_is_symmetrised() -> None:
    sample = np.random.default_rng(5).dirichlet(np.ones(2), size=(2000, 2))
    with pytest.raises(ValueError, match=r"theory\.symmetrised\(prior\) averages"):
        theory.predict_stages(10, prior=(np.ones(2000), sample), closure="expected")
    symmetric = theory.symmetrised((np.ones(2000), sample))
    for closure in ("expected", "fluctuating"):
        found = theory.predict_stages(10, prior=symmetric, closure=closure)
        named = theory.predict_stages(10, closure=closure)
        assert found.unigram == pytest.approx(named.unigram, rel=0.2)


def test_weights_alone_may_break_the_symmetry() -> None:
    require_invariance(weighted_set(BOTH))
    with pytest.raises(ValueError, match="the mean of pi_i changes by"):
        require_invariance(weighted_set(([1.0, 2.0], BOTH[1])))
    # cyclic chains: pi and P average alike, their products do not
    turn = np.roll(np.eye(3), 1, axis=1)
    lazy = 0.2 * np.eye(3) + 0.5 * turn + 0.3 * turn.T
    with pytest.raises(ValueError, match="the mean of P_ml changes by"):
        require_invariance(weighted_set(([1.0], lazy[None])))
    mixed = np.stack([np.array([[0.5 + d, 0.5 - d], [0.5 - e, 0.5 + e]])
                      for d, e in ((0.2, 0.4), (0.4, 0.2))])  # fmt: skip
    require_invariance(weighted_set((np.ones(2), mixed)))


def test_deterministic_rows_make_no_nan() -> None:
    chain = np.array([[0.5, 0.5], [1.0, 0.0]])
    prior = (np.ones(2), np.stack([chain, chain[::-1, ::-1]]))
    model = theory.ExpectedCounts(8, T=8, prior=prior)
    assert np.isfinite(list(model.distances(0.1, 0.2, np.full(8, 0.1)).values())).all()
    assert np.isfinite(list(model.infinite_context_losses().values())).all()


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        ((np.ones(3), PAIR[1]), r"weights \(n,\) and transition \(n, k, k\) .* \(3,\) and \(2, 2"),
        ((np.ones(2), np.ones((2, 4, 2)) / 2), r"shapes \(2,\) and \(2, 4, 2\)"),
        (([], np.ones((0, 2, 2))), r"n >= 1 and k >= 2"),
        (([1.0], np.ones((1, 1, 1))), r"n >= 1 and k >= 2"),
        (([1.0, -1.0], PAIR[1]), r"finite weights >= 0, got -1 for chain 1"),
        (([np.nan, 1.0], PAIR[1]), r"finite weights >= 0, got nan for chain 0"),
        (([0.0, 0.0], PAIR[1]), r"weights of positive sum, got 0"),
        ((np.ones(1), [[[0.5, 0.6], [0.5, 0.5]]]), r"got \[0.5 0.6\] as row 0 of chain 0"),
        ((np.ones(1), [[[0.5, 0.5], [np.nan, 0.5]]]), r"as row 1 of chain 0"),
    ],
)
def test_bad_sets_are_refused_in_one_sentence(prior: tuple, message: str) -> None:
    for call in (theory.population_kernel, theory.modes, theory.predict_stages):
        with pytest.raises(ValueError, match=message):
            call(3, prior=prior)


def test_what_does_not_go_with_a_set() -> None:
    with pytest.raises(ValueError, match="k must be 2, as in the chains of the prior, got 3"):
        theory.modes(3, k=3, prior=PAIR)
    with pytest.raises(ValueError, match="k must be 2, as in the chains"):
        theory.linear_flow(np.ones(3), np.eye(3), 1.0, prior=PAIR)
    with pytest.raises(ValueError, match="method and nodes must be left out"):
        theory.population_kernel(3, prior=PAIR, method="qmc")
    with pytest.raises(ValueError, match="nodes must be left out"):
        theory.ExpectedCounts(3, prior=BOTH, nodes=4)
    with pytest.raises(ValueError, match=r"one of flat, .* here, got a weighted set"):
        theory.leading_constants(PAIR)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="prior must be a name or a pair"):
        theory.modes(3, prior=7)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="of arrays of numbers"):
        theory.modes(3, prior=("weights", "chains"))
    with pytest.raises(ValueError, match="stationary distribution is not uniform"):
        unigram_time_constant(prior=([1.0], [[[0.7, 0.3], [0.3, 0.7]]]))


def test_stages_of_an_unsymmetric_set_are_those_of_flow_on_all_sequences() -> None:
    T, k, init = 10, 2, 0.1
    chains = sim.FiniteSet(sim.Dirichlet(k), 4, seed=1)
    found = theory.predict_stages(T, prior=(np.ones(4), chains.chains), init=init)
    assert found.unigram_counted is not None
    assert found.bigram_counted is not None
    times = [0.0, *np.geomspace(0.3 * found.unigram_counted, 1.4 * found.bigram_counted, 150)]
    run = sim.gradient_flow(
        sim.MinimalModel.constant(T, k, v=init),
        sim.Population(chains, T, sim.CrossEntropy()),
        t_span=(0.0, times[-1]),
        t_eval=times,
        rtol=1e-6,
        test_set=sim.HeldOut.draw(chains, 20_000, T, rng=0),
    )
    begins = {stage.strategy: stage.start_time for stage in reversed(sim.stage_times(run))}
    assert begins["unigram"] == pytest.approx(found.unigram_counted, rel=0.05)
    assert begins["bigram"] == pytest.approx(found.bigram_counted, rel=0.1)
