"""Grids of training runs that claims and figures share, and where they are kept."""
