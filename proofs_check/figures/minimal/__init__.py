"""Figures of the minimal model."""
