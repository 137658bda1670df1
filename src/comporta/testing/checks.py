"""What every check of a gate must do, as tests: subclass `CheckContract` and give it checks and figures."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import get_args

from comporta.checks import judge, needs, policy
from comporta.records import Check, Evidence, Figure, Need, Outcome, PlainText, Verdict, decode, encode
from comporta.testing.messages import render


class CheckContract:
    """Give it `check()`, and `good` and `bad`: figures that pass and that do not.

    >>> class TestMine(CheckContract):
    ...     good, bad = (Figure(metric="mine", value=0.9, low=0.8, high=1.0),), ()
    ...
    ...     @staticmethod
    ...     def check():
    ...         return MyCheck()
    """

    check: Callable[[], Check]
    good: Sequence[Figure]
    bad: Sequence[Figure]

    def evidence(self, figures: Sequence[Figure]) -> dict[Need, Evidence]:
        """The same figures for everything the check asks."""
        return {need: Evidence(need=need, figures=tuple(figures)) for need in self.check().needs()}

    def verdict(self, figures: Sequence[Figure]) -> Verdict:
        (found,) = judge((self.check(),), self.evidence(figures))
        return found

    def test_it_has_a_name_and_says_whether_it_is_required(self) -> None:
        assert self.check().name.strip()
        assert self.check().required in (True, False)

    def test_it_asks_for_something_and_always_the_same(self) -> None:
        assert self.check().needs()
        assert self.check().needs() == self.check().needs()
        assert len(needs((self.check(), self.check()))) == len(set(self.check().needs()))

    def test_it_is_plain_data_with_a_policy_digest(self) -> None:
        assert policy((self.check(),)) == policy((self.check(),))

    def test_good_figures_pass(self) -> None:
        assert self.verdict(self.good).outcome == "pass"

    def test_bad_figures_do_not_pass(self) -> None:
        assert self.verdict(self.bad).outcome in ("fail", "inconclusive")

    def test_the_verdict_is_complete(self) -> None:
        for figures in (self.good, self.bad):
            found = self.verdict(figures)
            assert found.check == self.check().name
            assert found.required is self.check().required
            assert found.outcome in get_args(Outcome)
            assert render(found.reason)
            assert render(found.display_title)
            assert decode(encode(found), Verdict) == found

    def test_judging_twice_gives_the_same_verdict(self) -> None:
        assert self.verdict(self.good) == self.verdict(self.good)
        assert self.verdict(self.bad) == self.verdict(self.bad)

    def test_judging_changes_neither_check_nor_evidence(self) -> None:
        check, evidence = self.check(), self.evidence(self.bad)
        before = copy.deepcopy((check, evidence))
        judge((check,), evidence)
        assert (check, evidence) == before

    def test_without_evidence_it_does_not_open(self) -> None:
        for evidence in (
            {},
            {need: Evidence(need=need) for need in self.check().needs()},
            {
                need: Evidence(need=need, missing=PlainText("it could not run"))
                for need in self.check().needs()
            },
        ):
            (found,) = judge((self.check(),), evidence)
            assert found.outcome in ("fail", "inconclusive")
            assert found.blocks is self.check().required

    def test_figures_that_are_no_numbers_do_not_pass(self) -> None:
        for value in (math.nan, math.inf, -math.inf):
            broken = [Figure(metric=each.metric, value=value, low=value, high=value) for each in self.good]
            assert self.verdict(broken).outcome != "pass"
