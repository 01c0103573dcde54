"""The unigram plateau with many lags: verdicts, and perturbed statements."""

from dataclasses import replace

import numpy as np
import pytest

from proofs_check.claims.beyond.stages.plateau import CLAIMS
from proofs_check.claims.beyond.stages.plateau_routes import LEVELS, Run
from proofs_check.ledger import Statement, Verdict, judge, text

PERTURBED = [
    ("x-unigram-plateau-start", {"diagonal": 2**0.25, "off": 0.0}),
    ("x-unigram-plateau-start", {"diagonal": 1.0, "off": 0.1}),
    ("x-unigram-plateau-flow", 0.98),
    ("x-unigram-plateau-lags", 1 / 4),
    ("x-unigram-plateau-lags", 1 / 7),
    ("x-unigram-plateau-lags", 1 / (4 * np.sqrt(3))),
]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_verdict(claim):
    entry = judge(claim)
    assert entry.as_expected, text.explain(entry)


@pytest.mark.parametrize(("name", "value"), PERTURBED)
def test_a_perturbed_statement_falls_on_every_route(name, value):
    claim = next(claim for claim in CLAIMS if claim.id == name)
    entry = judge(replace(claim, printed=Statement("perturbed", value)))
    assert entry.verdict == Verdict.REFUTED, text.explain(entry)


def test_stages_begin_half_way_between_records():
    uniform, unigram, bigram = LEVELS
    assert uniform > unigram > bigram
    time = np.arange(4.0)
    run = Run(time, 0 * time, time, np.array([uniform, unigram, unigram, bigram]))
    assert run.begins(1) == pytest.approx(0.5)
    assert run.begins(2) == pytest.approx(2.5)
    assert run.at(np.array([1.0]))[1] == pytest.approx([1.5])
    with pytest.raises(ValueError, match="does not fall below"):
        run.reaches(0.1)
