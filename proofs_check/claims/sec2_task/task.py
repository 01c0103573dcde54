"""The task of Sec. 2: posterior of a row, (1)-(3), Remark 2.1, and the losses (6), (7)."""

from proofs_check.claims.sec2_task import losses, posterior, remark_2_1

CLAIMS = (*posterior.CLAIMS, *remark_2_1.CLAIMS, *losses.CLAIMS)
