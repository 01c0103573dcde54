"""Sec. 3 and the captions of the figures: prose that can be checked, and trained transformers."""
