"""The second step in the proof of Lemma A.1: (A.38)-(A.51)."""
