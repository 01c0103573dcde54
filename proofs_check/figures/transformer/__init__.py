"""Figures of the transformer."""
