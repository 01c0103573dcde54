"""Figures for results that go beyond the paper."""
