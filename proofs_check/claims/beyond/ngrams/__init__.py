"""Beyond the paper: several heads and n-grams."""
