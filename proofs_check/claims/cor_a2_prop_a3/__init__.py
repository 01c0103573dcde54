"""Corollary A.2 and Proposition A.3: (A.52)-(A.68)."""
