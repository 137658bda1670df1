"""A model whose answers are no numbers is measured by nobody: no gate can open on it."""

from __future__ import annotations

import numpy as np
import pytest

from comporta.errors import BadData
from comporta.train.steps import _require_answers


def test_answers_that_are_no_finite_number_are_counted_and_refused():
    probability = np.array([[0.2, 0.8], [np.nan, np.nan], [0.5, np.inf]])
    with pytest.raises(BadData, match="found 2 of 3 answers"):
        _require_answers(3, np.array([1, 0, 1]), probability)


def test_too_few_answers_are_refused():
    with pytest.raises(BadData, match="found 2 answers, expected one for each of 3"):
        _require_answers(3, np.array([1, 0]))


def test_one_finite_answer_a_row_is_taken():
    _require_answers(2, np.array([1, 0]), None, np.array([[0.1, 0.9], [0.4, 0.6]]))
