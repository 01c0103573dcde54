"""
A prior of your own
===================

How soon does a model learn about chains that tend to stay where they are? A prior is a class with a
method `sample`; everything works on it: training, the exact loss, predictions, the command line.
"""

# %%
# The prior
# ---------
# Two states; the probability of leaving each is uniform on an interval. With a `quadrature` of its
# own, averages over the prior are exact to rounding.

import numpy as np

import sim
import theory


class Sticky(sim.Prior):
    """Two-state chains that leave a state with a probability of at most `most`."""

    k, order = 2, 1

    def __init__(self, most):
        self.most = most

    def _chains(self, leave):
        a, b = np.moveaxis(leave, -1, 0)
        return np.stack([np.stack([1 - a, a], -1), np.stack([b, 1 - b], -1)], -2)

    def sample(self, n, rng=None):
        return self._chains(self.most * np.random.default_rng(rng).random((n, 2)))

    def quadrature(self, nodes):
        x, w = np.polynomial.legendre.leggauss(nodes)
        x, w = self.most * (x + 1) / 2, w / 2
        grid = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1).reshape(-1, 2)
        return sim.Quadrature(np.outer(w, w).ravel(), self._chains(grid))

    def describe(self):
        return {"prior": "sticky", "most": self.most}


# %%
# What there is to learn
# ----------------------
# The distance of each strategy from the truth says what a stage can gain.

for most in (1.0, 0.5, 0.2):
    held_out = sim.HeldOut.draw(Sticky(most), 2000, 50, rng=0)
    print(f"leaves with probability up to {most}:",
          {name: round(value, 4) for name, value in held_out.baselines.items()})  # fmt: skip

# %%
# When it is learned
# ------------------
# The theory takes the prior as a weighted set of chains. Chains that stay put show bigram
# statistics in longer runs of one state, and the stages move.

for most in (1.0, 0.5):
    prior = Sticky(most)
    nodes = prior.quadrature(8)
    predicted = theory.predict_stages(T=30, k=2, prior=(nodes.weights, nodes.transition), init=0.05)
    run = sim.train(
        sim.MinimalModel.constant(T=30, k=2, v=0.05, W=0.0), prior, steps=1500,
        batch_size=64, learning_rate=4e-3, rng=0,
    )  # fmt: skip
    print(f"up to {most}:", predicted, sim.stage_times(run), sep="\n")
