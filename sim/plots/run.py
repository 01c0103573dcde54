"""A first look at a run: loss, strategies, W and v."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from sim.plots import panels
from sim.plots.style import paper_style, venue_width
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
        narrow = width < 4
        figure = Figure(figsize=(width, 1.6 * width if narrow else 0.62 * width))
        grid = figure.add_gridspec(4, 1) if narrow else figure.add_gridspec(2, 2)
        cells = [grid[i] for i in range(4)]
        panels.test_loss(figure.add_subplot(cells[0]), data)
        column = cells[1].subgridspec(3, 1)
        panels.snapshot_column([figure.add_subplot(column[row]) for row in range(3)], data)
        panels.strategy_distances(figure.add_subplot(cells[2]), data)
        panels.weight_matrix(figure.add_subplot(cells[3]), np.asarray(trajectory.W[-1]))
        # the layout is solved while the style still holds
        figure.draw_without_rendering()
    return figure
