"""What the routes of (A.16) can tell apart, beyond the claims' own wrong values."""

from proofs_check.claims.lemma_a1.appendix_start import Slope, line_value
from proofs_check.methods.symbols import k


def test_the_indicator_matters_where_hinges_are_cut_off():
    """Line 1 is tried at a margin that cuts hinges off, where dropping the indicator is wrong."""
    tokens, slope = (0, 0, 1), [[1, 2], [3, 5]]
    cut = [[8, 0], [0, 8]]  # at margin 3 the first argument is 3 + 0 - 8 < 0
    with_gate = line_value(Slope(1 / k, True, True), cut, slope, tokens, 3)
    without = line_value(Slope(1 / k, False, True), cut, slope, tokens, 3)
    assert with_gate != without
