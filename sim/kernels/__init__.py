"""Compiled Numba kernels: output arrays come last; no random numbers, no allocation in loops.

Each kernel names its reference, the slow and obvious NumPy version; tests hold the two together.
Modules with a leading underscore are helpers of the kernels and of nobody else.
"""
