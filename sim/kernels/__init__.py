"""Compiled kernels: arrays in, results last, no random numbers, no allocation inside loops.

Each kernel names its slow, obvious NumPy twin in `sim.twins`; the tests hold them together.
"""
