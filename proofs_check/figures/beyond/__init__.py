"""Figures of the theory beyond the paper."""
