"""Flows through the unigram plateau: when their stages begin."""

import numpy as np
import pytest

from proofs_check.experiments.plateau_flow import LEVELS, Run


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
