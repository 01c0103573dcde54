"""Sec. 2: the task, the losses, the models, and what they can represent; eqs. (1)-(8)."""

from proofs_check.claims.sec2_task import (
    fact_2_3,
    losses,
    minimal_model,
    posterior,
    prop_2_2,
    remark_2_1,
    transformer,
)

IN_ORDER = (posterior, remark_2_1, losses, transformer, prop_2_2, minimal_model, fact_2_3)
CLAIMS = tuple(claim for module in IN_ORDER for claim in module.CLAIMS)
