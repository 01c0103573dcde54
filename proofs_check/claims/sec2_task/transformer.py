"""The attention-only transformer, (4)-(5)."""

from __future__ import annotations

from proofs_check.claims.sec2_task import prop_2_2_routes, transformer_routes
from proofs_check.claims.sec2_task.transformer_routes import d, k
from proofs_check.ledger import Claim, Route, Statement, Verdict

CLAIMS = (
    Claim(
        id="eq-4-order",
        source="(4), p. 6",
        title="order in which the layers are composed",
        printed=Statement(
            r"TF(x)=P\circ(Attn_1+I)\cdots\circ(Attn_n+I)",
            2,  # the layer that is applied first
        ),
        corrected=Statement(r"TF(x)=P\circ(Attn_n+I)\circ\cdots\circ(Attn_1+I)\;e_x", 1),
        routes=(
            Route("enumeration", "Prop. 2.2's layers in this order", prop_2_2_routes.run_order),
            Route("symbolic", "blocks each layer reads", prop_2_2_routes.order_algebra),
        ),
        expected=Verdict.CORRECTED,
        depends_on=("prop-2.2",),
        note="Composed as printed, the innermost map Attn_n acts first, on e_x; Prop. 2.2 then "
        "finds no previous token to match. Read from left to right the order of the layers would "
        "be right but P, from d to k dimensions, would come before them.",
    ),
    Claim(
        id="eq-5-shapes",
        source="below (4), p. 6",
        title="shapes of the projections",
        printed=Statement(r"W_Q,W_K,W_V\in\mathbb R^{k\times d},\ v\in\mathbb R^{t\times d}", k),
        corrected=Statement(r"W_Q,W_K,W_V\in\mathbb R^{d\times d},\ v\in\mathbb R^{t\times d}", d),
        routes=(
            Route("symbolic", "dimensions for any k, d, t", transformer_routes.shapes_symbolic),
            Route("enumeration", "the layer is run", transformer_routes.shapes_run),
        ),
        expected=Verdict.CORRECTED,
        assumptions=("e_x is t x d as printed, and d differs from k",),
        note="e W_Q needs as many rows as the stream is wide, and e W_V is added to the stream.",
    ),
    Claim(
        id="eq-5-formula",
        source="(5), p. 6",
        title="masked softmax attention with relative positions on the keys",
        printed=Statement(
            r"Attn(e)=\mathrm{softmax}(\mathrm{mask}(A))eW_V,\ A_{i,j}=\frac{(e_iW_Q+v_{i-j+1})"
            r"(e_jW_K)^\top}{\sqrt d}",
            {"offset": 1, "power": 0.5},
        ),
        routes=(
            Route("enumeration", "random weights, literally", transformer_routes.formula_run),
            Route("symbolic", "rational weights, 30 digits", transformer_routes.formula_symbolic),
        ),
        expected=Verdict.SUPPORTED,
        assumptions=("shapes as corrected in eq-5-shapes",),
        depends_on=("eq-5-shapes",),
        note="A definition: what is checked is that the software implements it.",
    ),
    Claim(
        id="eq-5-index",
        source="(5), p. 6",
        title="the index i - j + 1 stays within v_1 .. v_t under the causal mask",
        printed=Statement(r"j\le i\le t\Rightarrow i-j+1\in\{1,\dots,t\}", {"offset": 1}),
        routes=(
            Route("symbolic", "least and largest index", transformer_routes.index_symbolic),
            Route("enumeration", "every pair of positions", transformer_routes.index_run),
        ),
        expected=Verdict.PROVED,
        note="v_1 belongs to the current token, v_2 to the one before; above the diagonal the "
        "index would not exist, so the mask has to come before the positions are looked up.",
    ),
)
