"""A first look at a run: loss, strategies, W and v."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from sim.plots import panels
from sim.plots.style import figure_height, paper_style, venue_width
from sim.trajectory import Trajectory


def plot_run(trajectory: Trajectory, *, venue: str = "neurips", usetex: bool = False) -> Figure:
    """Test loss, positional weights at three moments, distance to the strategies, and final W.

    Raises
    ------
    ValueError
        If the run has no measures of predictions, or the venue is unknown.
    """
    if "kl_truth" not in trajectory.measures or not trajectory.examples.any():
        raise ValueError("the run has no learning curves: it was not trained on sequences")
    width = venue_width(venue)
    last = float(trajectory.examples[-1])
    data = panels.learning_curves(trajectory, [0.025 * last, 0.4 * last, last])
    with paper_style(usetex=usetex):
        figure = Figure(figsize=(width, figure_height(width, 0.64)))
        last_cell = panels.learning_panels(figure, data)
        panels.weight_matrix(figure.add_subplot(last_cell), np.asarray(trajectory.W[-1]))
        # the layout is solved while the style still holds
        figure.draw_without_rendering()
    return figure
