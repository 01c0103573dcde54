"""The paper's simplified two-layer linear-attention model, eq. (8)."""
