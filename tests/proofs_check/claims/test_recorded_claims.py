"""Claims judged by records: each number they rest on, changed in the record, costs the verdict."""

import numpy as np
import pytest

from proofs_check import CLAIMS, judge
from proofs_check.experiments import records
from proofs_check.experiments.records import Record
from proofs_check.ledger import Verdict

BY_ID = {claim.id: claim for claim in CLAIMS}


def times(factor):
    return lambda value: value * factor


def to(value):
    return lambda _: value


# claim, record, the labels of the runs that are changed, their number, and the change
CHANGES = [
    ("fig-8", "fig-8", {}, "stages", to("uniform bigram")),
    ("fig-8", "fig-8", {}, "end", times(2)),
    ("fig-8", "fig-8", {}, "level_bigram", times(4)),
    ("fig-8", "fig-8", {}, "use_of_order_uniform", to(0.5)),
    ("fig-8", "fig-8", {}, "use_of_order_unigram", to(0.5)),
    ("fig-8", "fig-8", {}, "use_of_order_end", to(0.0)),
    ("fig-8", "fig-8", {}, "previous_token_rise_unigram", to(0.5)),
    ("fig-8", "fig-8", {}, "previous_token_rise_end", to(0.0)),
    ("fig-8", "fig-8", {}, "induction_rise_unigram", to(0.5)),
    ("fig-8", "fig-8", {}, "induction_rise_end", to(0.0)),
    ("fig-9", "fig-9", {}, "stages", to("uniform unigram")),
    ("fig-9", "fig-9", {}, "use_of_order_end", to(0.0)),
    ("fig-5", "fig-5", {"variant": "three heads"}, "stages", to("uniform unigram bigram")),
    ("fig-5", "fig-5", {"variant": "three heads"}, "use_of_order_unigram", to(0.5)),
    ("fig-5", "fig-5", {"variant": "three heads"}, "use_of_history", to(0.1)),
    ("text-3.3-single-head", "fig-5", {"variant": "one head"}, "late", times(0.5)),
    ("text-3.3-single-head", "fig-5", {"variant": "one head"}, "use_of_history", to(0.8)),
    ("fig-13", "fig-13", {}, "stages", to("uniform unigram bigram")),
    ("fig-13", "fig-13", {}, "use_of_order_end", to(0.5)),
    ("text-B-learning-rate", "fig-8", {}, "stages", to("uniform unigram")),
    ("text-B-learning-rate", "slow-rate", {}, "use_of_order_end", to(0.9)),
    ("fig-12", "two-states", {}, "stages", to("uniform bigram")),
    ("fig-12", "two-states", {}, "use_of_order_end", to(0.0)),
    ("x-two-states-heads", "two-states", {}, "previous_token_end", to(0.9)),
    ("x-two-states-heads", "two-states", {}, "end", times(3)),
    *(
        ("x-stage-times", "stage-times", {"stage": stage, "length": T, "k": 2}, name, times(1.15))
        for T in (25, 50, 100, 200)
        for stage, name in (("unigram", "limit_0"), ("bigram", "limit_0"), ("bigram", "counted_0"))
    ),
    *(
        ("x-stage-times", "stage-flows", {"length": T}, name, times(1.2))
        for T in (50, 100)
        for name in ("unigram_limit_0", "bigram_limit_0", "bigram_counted_0")
    ),
    ("x-stage-times", "stage-predicted", {"length": 50}, "bigram_0", times(0.85)),
    *(
        (claim, "stage-times", {"stage": "bigram", "length": 100, "k": 2}, "limit_0", times(1.2))
        for claim in ("x-stage-times-error", "x-stage-times-expected")
    ),
    ("x-stage-times-range", "stage-times", {"length": 400}, "limit_0", times(1.15)),
    ("x-stage-times-range", "stage-times", {"init": 2e-4}, "limit_0", times(1.15)),
    ("x-stage-times-range", "stage-predicted", {"init": 6e-3}, "bigram_0", times(0.85)),
    *(
        ("x-stage-thresholds", "stage-times", {"stage": stage, "length": T}, name, times(1.05))
        for T in (50, 100)
        for stage in ("unigram", "bigram")
        for name in ("limit_1", "limit_2")
        if T == 50
    ),
    ("x-stage-thresholds", "stage-flows", {"length": 100}, "bigram_limit_2", times(1.05)),
    ("x-stage-thresholds", "stage-predicted", {"length": 100}, "unigram_1", times(1.05)),
    ("x-stage-slopes", "stage-times", {"length": 400}, "limit_0", times(1.2)),
    ("x-stage-slopes", "stage-times", {"init": 0.2}, "limit_0", times(1.1)),
    ("x-stage-slopes", "stage-times", {"init": 2e-4, "stage": "unigram"}, "limit_0", times(1.2)),
    ("x-stage-slopes", "stage-times", {"learning_rate": 4e-3}, "limit_0", times(1.2)),
    ("x-stage-slopes", "stage-predicted", {"length": 400}, "unigram_expected", times(1.2)),
    ("x-stage-slopes", "stage-descent", {"learning_rate": 4e-3}, "bigram", times(1.2)),
    ("x-stage-batch-size", "stage-times", {"batch_size": 256}, "limit_0", times(1.2)),
    ("x-stage-batch-size", "stage-flows", {"length": 100}, "bigram_limit_0", times(1.5)),
    ("x-stage-large-steps", "stage-times", {"learning_rate": 6e-3}, "limit_0", times(1.2)),
    ("x-stage-large-steps", "stage-descent", {"learning_rate": 6e-3}, "bigram", times(1.2)),
    ("x-stage-large-steps", "stage-predicted", {"length": 200}, "stable_rate", times(1.2)),
    *(
        (f"x-unigram-delay-{claim}",
         "unigram-delay-transformer" if model == "transformer" else "unigram-delay",
         {"model": model, "optimizer": optimizer, "arm": arm}, "updates_to_level", times(factor))
        for claim, model, optimizer, factors in (
            ("sgd", "minimal", "sgd", (1.4, 1.1)), ("sgd", "minimal", "flow", (1.4, 1.1)),
            ("adamw", "minimal", "adamw", (0.6, 1.1)),
            ("adamw", "transformer", "adamw", (0.8, 1.15)),
        )
        for arm, factor in zip(("signal", "control"), factors, strict=True)
    ),
]  # fmt: skip
RECORDED = [change for change in CHANGES if not records.missing(BY_ID[change[0]].records)]


@pytest.fixture(autouse=True)
def committed_afterwards():
    yield
    records.forget()


@pytest.mark.parametrize(
    ("claim", "name", "labels", "number", "change"),
    RECORDED,
    ids=[f"{c}: {number} of {n} {labels}" for c, n, labels, number, _ in RECORDED],
)
def test_a_changed_number_costs_the_verdict(claim, name, labels, number, change):
    record = records.committed(name)
    rows = [
        row | {number: change(row[number])}
        if number in row and all(row[label] == value for label, value in labels.items())
        else row
        for row in record
    ]
    assert sum(row not in record.rows for row in rows) > 0
    records.use(Record(name, record.digest, tuple(rows), record.labels))
    assert judge(BY_ID[claim]).verdict != BY_ID[claim].expected


def test_every_claim_that_is_judged_by_records_is_tried():
    assert {change[0] for change in CHANGES} == {claim.id for claim in CLAIMS if claim.records}


def test_claims_do_not_look_at_the_seeds_their_numbers_were_read_from():
    record = records.committed("stage-times")
    records.use(Record(record.name, record.digest, record.judged.rows, record.labels))
    claim = BY_ID["x-stage-slopes"]
    assert judge(claim).verdict == Verdict.MEASURED
    assert np.all([row["seed"] >= 100 for row in records.load("stage-times")])
