"""Computations that several claims are tried with.

Enumeration of all sequences with the actual loss, exact algebra of chains, two steps by hand: what
is stated stands in `proofs_check.claims`, and what it is compared with here.
"""
