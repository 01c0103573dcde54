"""Verdicts are counted by statement, and what is proved in all cases apart."""

from dataclasses import replace

from proofs_check.ledger import (
    Statement,
    corrected,
    enumeration,
    judge,
    measured,
    proved,
    simulation,
    supported,
    symbolic,
)
from proofs_check.ledger.text import summary


@symbolic("for all")
def for_all(value):
    return value == 1


@symbolic("for some", scope="T <= 3")
def for_some(value):
    return value == 1


@enumeration("by numbers", 1e-12)
def by_numbers(value):
    return value - 1


@simulation("by a batch", 1e-12)
def by_batch(value):
    return value - 1


def test_what_is_proved_is_told_from_what_is_exact_on_instances():
    exact = proved("a", 1, "a", "1", 1, for_all, by_numbers, wrong=[2], also={"b": 2})
    instances = supported("c", 1, "c", "1", 1, for_some, by_numbers, wrong=[2])
    numbers = supported("d", 1, "d", "1", 1, by_batch, by_numbers, wrong=[2])
    repaired = corrected("e", 1, "e", ("2", 2), ("1", 1), for_all, by_numbers, wrong=[3])
    mended = corrected("f", 1, "f", ("2", 2), ("1", 1), for_some, by_numbers, wrong=[3])
    runs = measured("g", 1, "g", "1", 1, by_batch, by_numbers, wrong=[2])
    false = replace(exact, id="h", also={}, printed=Statement("2", 2))
    entries = [judge(claim) for claim in (exact, instances, numbers, repaired, mended, runs, false)]
    assert summary(entries) == (
        "7 statements (under 8 numbers): 1 proved for all cases, 2 supported (1 exact on "
        "instances), 1 measured, 2 corrected (1 proved), 1 refuted"
    )
