"""Beyond the paper: the kernel of the loss, the flow it carries, invariants and constants."""

from proofs_check.claims.beyond.kernel import (
    bilinear,
    constants,
    drift,
    escape,
    even_odd,
    invariants,
    modes,
    symmetry,
    threshold,
)

IN_ORDER = (bilinear, invariants, drift, symmetry, modes, even_odd, escape, threshold, constants)
CLAIMS = tuple(claim for module in IN_ORDER for claim in module.CLAIMS)
