"""The derivations that ``python -m theory show`` prints, step by step, as data."""
