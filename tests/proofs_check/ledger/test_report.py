import json
import shutil
import subprocess

import pytest

from proofs_check.claims import CLAIMS
from proofs_check.ledger import Claim, Finding, Route, Statement, Verdict, judge, selection
from proofs_check.ledger.report import escape, latex, markdown, write_report


def _near(target):
    return lambda value: Finding(abs(value - target), 1e-9, "difference of 100% & _more_")


@pytest.fixture(scope="module")
def entries():
    false = Claim(
        id="t_1", source="p. 1", title="50% of a_b | c^d", printed=Statement(r"x_1=1", 1.0),
        corrected=Statement(r"x_1=2", 2.0), expected=Verdict.CORRECTED, note="a sign & a factor",
        routes=(Route("symbolic", "one", _near(2.0)), Route("enumeration", "two", _near(2.0))),
    )  # fmt: skip
    return [judge(false), *selection.verify(selection.select(CLAIMS, ["A.32", "A.33"]))]


def test_corrections_stand_in_every_form(entries, tmp_path):
    paths = write_report(entries, tmp_path / "new")
    assert [path.name for path in paths] == ["ledger.md", "ledger.tex", "ledger.json"]
    for path in paths[:2]:
        text = path.read_text()
        assert "x_1=1" in text
        assert "x_1=2" in text
        assert "1 corrected" in text
    data = json.loads(paths[2].read_text())["claims"]
    assert [claim["verdict"] for claim in data] == ["corrected", "proved", "proved"]
    assert data[0]["corrected"] == "x_1=2"


def test_markdown_has_every_claim_and_every_meaning(entries):
    text = markdown(entries)
    for words in ("| `A.32` | proved |", "| refuted | false as printed", r"50% of a_b \| c^d"):
        assert words in text


def test_plain_text_is_escaped():
    assert escape("50% of a_b & c^d") == r"50\% of a\_b \& c\textasciicircum{}d"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX on this machine")
def test_latex_compiles_with_the_stock_article_class(entries, tmp_path):
    (tmp_path / "ledger.tex").write_text(latex(entries))
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "ledger.tex"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
