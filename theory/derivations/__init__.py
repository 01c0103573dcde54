"""What ``python -m theory show`` prints: derivations step by step, as data."""
