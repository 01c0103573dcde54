"""The README's Python runs as it stands, in the order it stands."""

import re
from pathlib import Path

from proofs_check.ledger import MEANING

README = Path(__file__).parents[1] / "README.md"


def test_verdicts_mean_in_the_readme_what_they_mean_in_the_ledger():
    text = README.read_text()
    for verdict, meaning in MEANING.items():
        assert f"| {verdict} | {meaning} |" in text


def test_the_python_of_the_readme_runs(capsys):
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    assert blocks
    exec("\n".join(blocks), {})
    out = capsys.readouterr().out
    assert "nearest strategy" in out
    assert "LeadingConstants" in out
