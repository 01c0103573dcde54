import json
import re

import pytest

from proofs_check.commands.main import main


def test_verify_writes_json(tmp_path, capsys):
    target = tmp_path / "new" / "ledger.json"
    assert main(["verify", "A.32", "fact-2.3", "--json", str(target)]) == 0
    assert "2 statements: 2 proved for all cases" in capsys.readouterr().out
    claims = json.loads(target.read_text())["claims"]
    assert [claim["id"] for claim in claims] == ["fact-2.3", "A.32"]
    assert all(claim["verdict"] == "proved" for claim in claims)


def test_verify_exits_1_when_a_verdict_differs(monkeypatch, capsys):
    from dataclasses import replace

    from proofs_check.commands import verifying
    from proofs_check.ledger import Verdict

    claim = next(claim for claim in verifying.CLAIMS if claim.id == "A.32")
    monkeypatch.setattr(verifying, "CLAIMS", (replace(claim, expected=Verdict.REFUTED),))
    assert main(["verify"]) == 1
    assert "expected refuted" in capsys.readouterr().out


def test_explain_and_list(capsys):
    assert main(["verify", "A.33", "--explain"]) == 0
    assert "rests on" not in capsys.readouterr().out
    assert main(["verify", "--list"]) == 0
    assert "x-bilinear" in capsys.readouterr().out
    assert main(["figure", "--list"]) == 0
    assert "fig12" in capsys.readouterr().out
    assert main(["figure", "fig8", "--list"]) == 0
    assert re.search(r"^  --seeds +\d+$", capsys.readouterr().out, flags=re.MULTILINE)


def test_a_figure_at_other_settings(tmp_path, capsys):
    settings = ["--length", "6", "--samples", "400", "--learning-rate", "0.1"]
    assert main(["figure", "fig6", *settings, "--out", str(tmp_path)]) == 0
    made = json.loads((tmp_path / "fig6.json").read_text())["parameters"]
    assert (made["length"], made["samples"], made["learning_rate"]) == (6, 400, 0.1)
    with pytest.raises(SystemExit):
        main(["verify", "A.32", *settings])
    assert "unrecognized arguments: --length" in capsys.readouterr().err


def test_a_short_demo(tmp_path, capsys):
    arguments = ["demo", "--k", "2", "--examples", "2000", "--out", str(tmp_path), "--no-cache"]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    for words in ("nearest strategy", "unigram strategy", "lemma-3.1-step-1-W", "proved", "fig12"):
        assert words in out
    assert (tmp_path / "fig12.pdf").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["verify", "A.99"], "claim must be an id or pattern of the ledger"),
        (["figure", "fig99"], "figure must be one of fig1, fig2, fig3"),
        (["figure", "fig6", "--venue", "nature"], "error: --venue must be one of neurips"),
        (["figure", "fig6", "--seed", "-1"], "error: --seed must be an integer >= 0"),
        (["figure"], "error: figure needs a name, or all"),
        (["figure", "fig6", "--k", "3"], "error: --k is no setting of fig6; `figure fig6 --list`"),
        (["figure", "fig8", "--k", "1"], "error: --k must be an integer >= 2, got 1"),
        (["figure", "fig6", "--length", "many"], "error: --length must be an integer"),
        (["demo", "--k", "7"], "error: --k must be one of 3, 2, got '7'"),
        (["demo", "--examples", "0"], "error: --examples must be an integer >= 1"),
        (["verify", "A.32", "--json", "/proc/nothing/x.json"], "cannot be written"),
        (["verify", "A.32", "--seeds", "1"], "error: --seeds goes with --experiments"),
        (["verify", "fig-8", "--experiments", "--seeds", "0"], "error: --seeds must be an integer"),
        (["verify", "A.32", "--workers", "0"], "error: --workers must be an integer >= 1"),
        (["record", "fig-99"], "experiment must be one of fig-5, fig-8"),
        (["record", "fig-8", "--out", "/proc/nothing"], "cannot be written"),
    ],
)
def test_bad_input_is_one_line(arguments, words, capsys):
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert words in captured.err


def test_help_shows_examples(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    assert "python -m proofs_check demo" in capsys.readouterr().out
