"""The first two steps of gradient descent: Lemma 3.1, Corollary A.2, Proposition A.3."""
