"""Plot a run: loss, distances to the strategies, and the weights or attention scores."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from sim.plots import panels
from sim.plots.style import figure_height, paper_style, venue_width
from sim.runs.trajectory import Trajectory


def plot_run(
    run: Trajectory | Sequence[Trajectory], *, venue: str = "neurips", usetex: bool = False
) -> Figure:
    """Test loss, positional weights at three moments, distance to the strategies, and a last panel.

    That is the final W of a minimal model (of each head), or the attention scores of a transformer.
    Of a model that has neither `lag_weights` nor `state_weights`, the test loss and the distances.
    Of several runs medians and ranges, and the weights of the first.

    Raises
    ------
    ValueError
        If a run has no measures of predictions, several runs do not have the same records, or the
        venue is unknown.
    """
    trajectory = run if isinstance(run, Trajectory) else run[0]
    if "kl_truth" not in trajectory.measures or not trajectory.examples.any():
        raise ValueError("the run has no learning curves: it was not trained on sequences")
    width = venue_width(venue)
    last = float(trajectory.examples[-1])
    data = panels.learning_curves(run, [0.025 * last, 0.4 * last, last])
    final = trajectory.model()
    W = final.state_weights()
    if final.lag_weights() is None and W is None and not data.attention:
        with paper_style(usetex=usetex):
            figure = Figure(figsize=(width, figure_height(width, 0.36)))
            panels.curve_panels(figure, panels.learning_curves(run))
            figure.draw_without_rendering()
        return figure
    with paper_style(usetex=usetex):
        figure = Figure(figsize=(width, figure_height(width, 0.64)))
        last_cell = panels.learning_panels(figure, data)
        ax = figure.add_subplot(last_cell)
        if data.attention:
            panels.attention_scores(ax, data)
        elif W is not None:
            heads = len(W) if W.ndim == 3 else 0
            names = ", ".join(f"W^{head}" for head in range(1, heads + 1)) or "W"
            panels.weight_matrix(ax, W, f"${names}$")
        else:
            ax.set_axis_off()
        # the layout is solved while the style still holds
        figure.draw_without_rendering()
    return figure
