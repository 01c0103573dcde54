"""Plotting functions, which draw given data and never simulate, and their common style."""
