"""
Predict the stages, then measure them
=====================================

The stage times can be computed without drawing a single sequence, and compared with a run.
"""

# %%
# The prediction
# --------------
# `theory.predict_stages` integrates the gradient flow of the population loss. Its unit of time is
# flow time: the learning rate times the number of steps.

import matplotlib.pyplot as plt

import sim
import theory

T, k, init = 50, 2, 0.02
predicted = theory.predict_stages(T=T, k=k, init=init)
print(predicted)

# %%
# The measurement
# ---------------
# One run of stochastic gradient descent from the same initial weights. At this learning rate a step
# is small against both stages.

rate = 2e-3
run = sim.train(
    sim.MinimalModel.constant(T=T, k=k, v=init, W=0.0), sim.Dirichlet(k), steps=1500,
    batch_size=64, learning_rate=rate, rng=1,
)  # fmt: skip
stages = sim.stage_times(run)
print(stages)

# %%
# Both in one picture: the lines are where the theory says that a stage begins. A run is judged by
# strategies that count on its context, so the prediction is, too.

predicted_times = (
    ("unigram", predicted.unigram_counted),
    ("bigram", predicted.bigram_counted),
)

figure, ax = plt.subplots(figsize=(5, 3))
for name in ("uniform", "unigram", "bigram"):
    ax.plot(run.time[1:], run.measures[f"kl_{name}"][1:], label=name)
for name, when in predicted_times:
    ax.axvline(when, color="0.5", linestyle="--")
    ax.text(when, ax.get_ylim()[1], name, rotation=90, ha="right", va="top")
ax.set(xscale="log", xlabel="flow time", ylabel="KL to the model (nats)")
ax.legend()

# %%
# The same as numbers. A single run has fluctuations of its own: several seeds
# are compared with the prediction by the claim ``x-stage-times``.

for name, when in predicted_times:
    print(f"{name}: predicted {when:.3g}, measured {stages[name].start_time:.3g}")
