"""Timings beside what a user would pick instead, side by side in one run."""
