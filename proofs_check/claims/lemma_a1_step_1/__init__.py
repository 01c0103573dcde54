"""The first step in the proof of Lemma A.1: (A.17)-(A.37)."""
