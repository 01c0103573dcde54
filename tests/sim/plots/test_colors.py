"""The colours of the strategies can be told apart, and stand out from their own shade."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from sim.plots.style import STRATEGY

COLORS = {name: np.array(to_rgb(look["color"])) for name, look in STRATEGY.items()}
# how strongly a stage is shaded in `panels.strategy_distances`
SHADE = 0.14
# Machado, Oliveira, Fernandes (2009), full severity, on linear RGB
VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
}  # fmt: skip
# sRGB to CIE XYZ, D65
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                [0.0193339, 0.1191920, 0.9503041]])  # fmt: skip


def linear(color):
    return np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    xyz = XYZ @ np.clip(rgb, 0, 1) / (XYZ @ np.ones(3))
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("name", COLORS)
def test_a_line_stands_out_from_the_shade_of_its_stage(name):
    line, shade = (
        XYZ[1] @ linear(color) for color in (COLORS[name], 1 - SHADE * (1 - COLORS[name]))
    )
    # what WCAG 2 asks of graphics
    assert (shade + 0.05) / (line + 0.05) >= 3


@pytest.mark.parametrize("vision", VISION)
def test_strategies_can_be_told_apart(vision):
    for one, other in combinations(COLORS.values(), 2):
        seen = [lab(np.asarray(VISION[vision]) @ linear(color)) for color in (one, other)]
        assert np.linalg.norm(seen[0] - seen[1]) > 15
