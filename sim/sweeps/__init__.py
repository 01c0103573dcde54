"""Sweeps over a grid of configurations: running them, storing them, tabulating them."""
