"""Lemma 3.1 = A.1, what it states, and the set-up of its proof: (A.9)-(A.16)."""
