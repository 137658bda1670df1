"""Tests that any check must pass, generated for each: inputs unchanged, the same twice, whole verdicts, and
closed wherever something is missing. In the manner of scikit-learn's `parametrize_with_checks`.

    @every_promise([my_check(), another(limit=0.5)])
    def test_my_checks(check, promise):
        promise(check)
"""

from __future__ import annotations

import copy
import inspect
import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, get_args

import pytest
from msgspec.structs import replace

import comporta.checks as gates
from comporta.checks import judge, needs, policy
from comporta.records import (
    LEVELS,
    Artifact,
    Check,
    Condition,
    Evidence,
    Figure,
    Findings,
    Need,
    Outcome,
    PlainText,
    Verdict,
    conditions,
    decode,
    encode,
)
from comporta.store import StepContext
from comporta.testing.messages import render

Promise = Callable[[Check], None]
SEEDS = 25
_UNDER = ((), conditions(form="native"), conditions(noise=0.05), conditions(feature="x1"))


def check_contract(check: Check) -> None:
    """All of it at once. Raises AssertionError at the first promise that is not kept."""
    for promise in PROMISES:
        promise(check)


def every_promise(checks: Iterable[Check]) -> pytest.MarkDecorator:
    """A pytest parametrisation over `check` and `promise`, each pair a test of its own."""
    pairs = [(check, promise) for check in checks for promise in PROMISES]
    return pytest.mark.parametrize(
        ("check", "promise"), pairs, ids=[f"{check.name}: {promise.__name__}" for check, promise in pairs]
    )


def constructors() -> dict[str, Callable[..., Any]]:
    """The functions in the face of `comporta.checks` that make checks, by name."""
    found: dict[str, Callable[..., Any]] = {}
    for name in gates.__all__:
        function = getattr(gates, name)
        if (
            inspect.isfunction(function)
            and function.__module__ != judge.__module__
            and _makes_checks(function)
        ):
            found[name] = function
    return found


def _makes_checks(function: Callable[..., Any]) -> bool:
    said = str(function.__annotations__.get("return", ""))
    made = function.__globals__.get(said)
    return hasattr(made, "judge") or (said.startswith("tuple[") and "Check" in said)


def it_has_a_name_a_rule_and_a_level(check: Check) -> None:
    assert check.name.strip() == check.name and check.name
    assert len(check.name.splitlines()) == 1
    assert check.required in (True, False)
    assert getattr(check, "level", "release") in LEVELS


def it_is_frozen(check: Check) -> None:
    for name in ("required", "limit", "level", "anything"):
        with pytest.raises((AttributeError, TypeError)):
            setattr(check, name, False)


def it_asks_for_the_same_each_time(check: Check) -> None:
    asked = check.needs()
    assert asked
    assert check.needs() == asked
    assert len(needs((check, check))) == len(set(asked))
    for need in asked:
        assert need.what.strip()
        for _, told in need.params:
            decode(told, object)


def its_policy_is_one_digest(check: Check) -> None:
    assert policy((check,)) == policy((copy.copy(check),))
    assert len(policy((check,))) == 64


def judging_changes_nothing_and_is_the_same_twice(check: Check) -> None:
    for evidence in _many(check):
        before = copy.deepcopy((check, evidence))
        first, second = judge((check,), evidence), judge((check,), evidence)
        assert first == second
        assert (check, evidence) == before


def every_verdict_is_whole(check: Check) -> None:
    for evidence in _many(check):
        (found,) = judge((check,), evidence)
        assert found.check == check.name
        assert found.required is check.required
        assert found.outcome in get_args(Outcome)
        assert render(found.reason).endswith(".")
        assert render(found.display_title)
        assert decode(encode(found), Verdict) == found


def without_evidence_it_is_closed(check: Check) -> None:
    asked = check.needs()
    for evidence in (
        {},
        {need: Evidence(need=need) for need in asked},
        {need: Evidence(need=need, missing=PlainText("it could not run")) for need in asked},
        {
            need: Evidence(
                need=need, missing=PlainText("half of it"), figures=_figures(need, random.Random(0))
            )
            for need in asked
        },
    ):
        (found,) = judge((check,), evidence)
        assert found.outcome in ("fail", "inconclusive"), found
        assert found.blocks is check.required


def figures_that_are_no_numbers_are_no_pass(check: Check) -> None:
    for value in (math.nan, math.inf, -math.inf):
        for evidence in _many(check):
            broken = {need: _with(each, value) for need, each in evidence.items()}
            (found,) = judge((check,), broken)
            assert found.outcome != "pass", found


def it_does_not_apply_only_where_the_evidence_says_so(check: Check) -> None:
    for evidence in _many(check):
        assert judge((check,), evidence)[0].outcome != "does not apply"
    said = {
        need: Evidence(need=need, without=PlainText("the model has none of that")) for need in check.needs()
    }
    assert judge((check,), said)[0].outcome != "pass"


def it_blocks_by_itself_no_less_than_the_gate_does(check: Check) -> None:
    """What `judge` of the check itself says is a verdict under its own name, without the gate's help."""
    for evidence in _many(check):
        found = check.judge(tuple(evidence[need] for need in check.needs()))
        assert (found.check, found.required) == (check.name, check.required)


PROMISES: tuple[Promise, ...] = (
    it_has_a_name_a_rule_and_a_level,
    it_is_frozen,
    it_asks_for_the_same_each_time,
    its_policy_is_one_digest,
    judging_changes_nothing_and_is_the_same_twice,
    every_verdict_is_whole,
    without_evidence_it_is_closed,
    figures_that_are_no_numbers_are_no_pass,
    it_does_not_apply_only_where_the_evidence_says_so,
    it_blocks_by_itself_no_less_than_the_gate_does,
)


def measure_contract(
    measure: Callable[..., dict[str, Artifact]], context: StepContext, **arguments: Any
) -> Findings:
    """What any measuring step must do: the same findings with the same seed, finite, with figures or the
    reason why there are none; what it read is as it was. Gives the findings."""
    inputs = {name: each for name, each in arguments.items() if isinstance(each, Artifact)}
    before = {name: context.get(each) for name, each in inputs.items()}
    first, second = measure(context, **arguments), measure(context, **arguments)
    assert first == second, "the same seed gave other findings"
    assert {name: context.get(each) for name, each in inputs.items()} == before
    found = context.get_json(first["findings"], Findings)
    assert bool(found.figures or found.missing) is not bool(found.without)
    for figure in found.figures:
        numbers = [figure.value, *(end for end in (figure.low, figure.high) if end is not None)]
        assert all(math.isfinite(each) for each in numbers), figure
        assert figure.metric.strip()
        assert (figure.low is None) is (figure.high is None)
        if figure.low is not None and figure.high is not None:
            assert figure.low - 1e-9 <= figure.value <= figure.high + 1e-9, figure
    assert 0 <= found.rows <= found.of
    assert all(len(table.rows) <= 200 for table in found.tables)
    return found


def _many(check: Check) -> Iterator[dict[Need, Evidence]]:
    """Evidence of all kinds: figures near its limits and far, with intervals and without, many and one."""
    for seed in range(SEEDS):
        draw = random.Random(seed)
        yield {need: Evidence(need=need, figures=_figures(need, draw)) for need in check.needs()}


def _figures(need: Need, draw: random.Random) -> tuple[Figure, ...]:
    found = []
    for _ in range(draw.randrange(1, 5)):
        value = draw.choice([0.0, 1.0, 0.5, -1.0, draw.gauss(0, 1), draw.random(), 1e6 * draw.random()])
        half = draw.choice([None, 0.0, 0.01, 10.0])
        where = (Condition(need.by, draw.choice("abc")),) if need.by else ()
        found.append(
            Figure(
                metric=need.metric or draw.choice(_names_of(need)),
                value=value,
                low=None if half is None else value - half,
                high=None if half is None else value + half,
                rows=draw.choice([0, 1, 1000]),
                groups=draw.choice([0, 1, 30]),
                where=where,
                under=() if need.by else draw.choice(_UNDER),
            )
        )
    return tuple(found)


def _names_of(need: Need) -> Sequence[str]:
    return (need.what, "largest_difference", "decisions_changed", "holds", "value", "mean_prediction")


def _with(evidence: Evidence, value: float) -> Evidence:
    broken = tuple(replace(each, value=value, low=value, high=value, groups=0) for each in evidence.figures)
    return Evidence(need=evidence.need, figures=broken)
