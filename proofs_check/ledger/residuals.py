"""Read the source of routes for slack inside a residual, and for tolerances without a reason.

A residual is a distance. What is taken off it (``abs(gap) - 0.05``, ``gap - 4 * error``), by what
it is scaled (``worst(gaps) / 10``), and with what it is compared (``abs(gap) < 1e-3``) belongs into
the tolerance, and beside that stands a reason.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from proofs_check.ledger.finding import ROUNDING
from proofs_check.ledger.route import Kind

Place = tuple[int, str]  # a line and the expression in it

# calls that give a distance
DISTANCES = ("abs", "worst", "max", "relative_error", "norm", "maximum")
# what a standard error is called
ERRORS = ("error", "errors", "err", "sigma", "std", "scatter")


def slack(source: str) -> list[Place]:
    """Expressions of a module that hide slack in a residual."""
    return _expressions(source, _hides)


def unexplained(source: str) -> list[Place]:
    """Routes and findings of a module that allow more than rounding and do not say why."""
    return _expressions(source, _allows_without_reason)


def _expressions(source: str, wanted: Callable[[ast.expr], bool]) -> list[Place]:
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.expr))
    return sorted({(node.lineno, ast.unparse(node)) for node in nodes if wanted(node)})


def _allows_without_reason(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call):
        return False
    # `theory.quadrature` is another one
    if _name(node.func).removeprefix("ledger.") not in ("Finding", *Kind):
        return False
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    tolerance = given.get("tolerance", node.args[1] if len(node.args) > 1 else None)
    if tolerance is None or "because" in given:
        return False
    value = getattr(tolerance, "value", None)
    return not (isinstance(value, int | float) and value <= ROUNDING)


def _hides(node: ast.expr) -> bool:
    if isinstance(node, ast.Compare):
        return len(node.ops) == 1 and any(
            _is_distance(one) and _is_allowance(other)
            for one, other in ((node.left, node.comparators[0]), (node.comparators[0], node.left))
        )
    if not isinstance(node, ast.BinOp):
        return False
    if isinstance(node.op, ast.Sub):
        return (_is_distance(node.left) and _is_constant(node.right)) or _some_errors(node.right)
    if isinstance(node.op, ast.Mult | ast.Div):
        sides = [(node.left, node.right)]
        if isinstance(node.op, ast.Mult):
            sides.append((node.right, node.left))
        return any(
            _is_distance(one)
            and _is_constant(other)
            and not _is_two(other)
            # standard errors as a tolerance
            and not any(name in ERRORS for name in _names(one))
            for one, other in sides
        )
    return False


def _is_distance(node: ast.expr) -> bool:
    """Whether an expression is a call that gives a distance, or a conversion of one."""
    if not isinstance(node, ast.Call):
        return False
    name = _name(node.func)
    if name in ("float", "np.float64") and node.args:
        return _is_distance(node.args[0])
    # residuals.max(), and abs(...).max()
    return name.split(".")[-1] in DISTANCES


def _is_constant(node: ast.expr) -> bool:
    """Whether an expression is a number, or a global in capitals."""
    if isinstance(node, ast.UnaryOp):
        return _is_constant(node.operand)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float) and not isinstance(node.value, bool)
    return isinstance(node, ast.Name) and node.id.isupper() and len(node.id) > 1


def _is_two(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value in (2, 0.5)


def _is_allowance(node: ast.expr) -> bool:
    """Whether it is a constant that is no whole number."""
    return _is_constant(node) and not (
        isinstance(node, ast.Constant) and isinstance(node.value, int)
    )


def _some_errors(node: ast.expr) -> bool:
    """Whether an expression is a number of standard errors."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return _some_errors(node.left)
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)):
        return False
    return any(
        _is_constant(one) and any(name in ERRORS for name in _names(other))
        for one, other in ((node.left, node.right), (node.right, node.left))
    )


def _name(node: ast.expr) -> str:
    """The name of what is called, with dots; the method's alone where it belongs to a result."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = _name(node.value)
        return f"{owner}.{node.attr}" if owner else node.attr
    return ""


def _names(node: ast.expr) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
