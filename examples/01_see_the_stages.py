"""
Train a model and see the stages
================================

The minimal model of eq. (8) is trained on sequences from random Markov chains. It first predicts
nothing better than the uniform distribution, then the frequencies of single tokens (*unigram*), and
at last the frequencies of what followed the current token before (*bigram*).
"""

# %%
# The task
# --------
# A prior over transition matrices draws a new two-state chain for every sequence. The model sees
# the sequence only, so it must estimate the chain from its context.

import numpy as np

import sim
from sim.plots.run import plot_run

prior = sim.Dirichlet(k=2)
batch = sim.sample_sequences(prior, 3, 24, rng=0)
for tokens, transition in zip(batch.tokens, batch.transition, strict=True):
    print("".join(map(str, tokens)), " chain", np.round(transition, 2).tolist())

# %%
# The model
# ---------
# It has one weight :math:`v_j` for each lag j in the first layer, and a k x k matrix W in the
# second. At the start every lag has the same small weight and W is zero: all predictions are
# uniform.

model = sim.MinimalModel.constant(T=100, k=2, v=0.02, W=0.0)
run = sim.train(model, prior, steps=1500, batch_size=64, learning_rate=1e-3, rng=0)
print(run)

# %%
# The stages
# ----------
# At every record the model is compared with the three strategies, on the same held-out sequences.
# A stage is the time during which one strategy is the nearest in KL divergence.

stages = sim.stage_times(run)
print(stages)

# %%
# The picture shows these distances, the loss, and the weights. The shading marks the stages; the
# horizontal axis counts training sequences on a square-root scale, so that the short first stage
# can be seen.

figure = plot_run(run, venue="icml2")

# %%
# What the weights have become
# ----------------------------
# For the bigram strategy the first layer has to attend to the token before: :math:`v_2` belongs to
# lag 1 (:math:`v_1` is the current token), and W has to match equal states.

print("v:", np.round(run.v[-1, :5], 3))
print("W:", np.round(run.W[-1], 3).tolist())
assert np.argmax(np.abs(run.v[-1])) == 1
