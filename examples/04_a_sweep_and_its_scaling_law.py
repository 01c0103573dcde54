"""
A sweep and its scaling law
===========================

From initial weights of size c the unigram stage begins at a time proportional to
:math:`c^{-2}`, as long as c is not too small. A sweep over c and over seeds shows it.
"""

# %%
# The sweep
# ---------
# `sim.sweep` calls a function for every combination of a grid. With `store=` finished runs are kept
# in a folder and not repeated; with `workers` they are shared among processes.

import matplotlib.pyplot as plt
import numpy as np

import sim
import theory

T = 100


def run(configuration):
    c, seed = configuration["c"], configuration["seed"]
    model = sim.MinimalModel.constant(T=T, k=2, v=c, W=0.0)
    trained = sim.train(
        model, sim.Dirichlet(2), steps=600, learning_rate=1e-8 / c**2, rng=seed, record_every=4
    )
    return {"unigram": sim.stage_times(trained)["unigram"].start_time}


c = [0.02, 0.04, 0.08, 0.16]
swept = sim.sweep({"c": c, "seed": [0, 1, 2]}, run)
times = swept.array("unigram")
print(times.round(5))

# %%
# Measured and predicted
# ----------------------
# The slope of the medians in logarithms, beside that of the predicted times.

predicted = [theory.predict_stages(T=T, k=2, init=value).unigram for value in c]
for name, values in (("measured", np.median(times, axis=1)), ("predicted", predicted)):
    print(name, "slope", round(np.polyfit(np.log(c), np.log(values), 1)[0], 3))

figure, ax = plt.subplots(figsize=(5, 3))
ax.loglog(c, times, "o", color="C0", mfc="none")
ax.loglog(c, predicted, color="C1", label="predicted")
ax.set(xlabel="initial weights c", ylabel="unigram stage begins (flow time)")
ax.legend()
