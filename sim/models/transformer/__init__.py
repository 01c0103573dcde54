"""The paper's attention-only transformer, eqs. (4)-(5)."""
