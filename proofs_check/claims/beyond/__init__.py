"""Beyond the paper: the claims ``x-...``."""
