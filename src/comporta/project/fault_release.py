"""What is wrong with the outcomes and the release plan of a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

from comporta.errors import BadProject
from comporta.project.fault_common import FieldFaults, as_sequence, duplicates_in
from comporta.project.kinds import type_faults
from comporta.project.model import Model
from comporta.project.release_terms import UNDECLARED, metric_terms, outcomes_of
from comporta.records import Record, canonical_name, duration
from comporta.records.duration import duration_text
from comporta.records.freeze import Freeze, require_freeze
from comporta.records.outcome import Outcome
from comporta.records.release_plan import BlueGreen, Canary, Fuse, ReleaseMetric, Shadow


def release_faults(model: Model) -> FieldFaults:
    outcomes = [each for each in as_sequence(model.outcomes) if isinstance(each, Outcome)]
    wrong = [f"{each.name!r}: {said}" for each in outcomes for said in _outcome(model, each)]
    yield from (("outcomes", said) for said in wrong)
    for name in duplicates_in(each.name for each in outcomes):
        yield "outcomes", f"found {name!r} twice. Rename one."
    plan = model.release
    if not isinstance(plan, BlueGreen | Canary | Shadow):
        return
    found = [*_kind_faults(plan), *_spans(plan)]
    if not found and isinstance(plan, Canary):
        found += [*_canary(plan), *(() if wrong else _metrics(model, plan))]
    elif not found and isinstance(plan, BlueGreen | Shadow) and not 0 <= plan.differ <= 1:
        found.append(f"differ: found {plan.differ:g}, expected a share from 0 to 1.")
    if not found and not isinstance(plan, Shadow):
        found += _fuse(plan.fuse)
    yield from (("release", said) for said in (*found, *_freezes(plan)))


def owner_faults(model: Model, people: Sequence[str]) -> FieldFaults:
    """people: the names of those that the project declares, as they are compared."""
    owner = getattr(model.release, "owner", "")
    if isinstance(owner, str) and owner and canonical_name(owner) not in people:
        declared = ", ".join(people) or "nobody is declared: Project(people=(Person('ana', 'owner'),))"
        yield "release", f"owner: found {owner!r}, expected one of the project's people: {declared}."


def _kind_faults(record: Record) -> Iterator[str]:
    for field, said in type_faults(record):
        yield f"{field}: {said}"
    for field in record.__struct_fields__:
        inner = getattr(record, field)
        for each in inner if isinstance(inner, tuple | list) else (inner,):
            if isinstance(each, Record):
                yield from (f"{field}: {said}" for said in _kind_faults(each))


def _spans(record: Record) -> Iterator[str]:
    for field in ("keep", "deadline", "dwell", "season", "horizon"):
        if (said := _span_fault(getattr(record, field, None))) is not None:
            yield f"{field}: {said}"


def _span_fault(value: Any) -> str | None:
    if isinstance(value, str):
        try:
            duration(value)
        except BadProject as error:
            return str(error)
    return None


def _freezes(plan: BlueGreen | Canary | Shadow) -> Iterator[str]:
    for each in as_sequence(plan.freeze):
        if isinstance(each, Freeze) and not any(type_faults(each)):
            try:
                require_freeze(each)
            except BadProject as error:
                yield f"freeze: {error}"


def _outcome(model: Model, outcome: Outcome) -> Iterator[str]:
    if found := list(_kind_faults(outcome)):
        yield from found
        return
    if (said := _span_fault(outcome.horizon)) is not None:
        yield f"horizon: {said}"
    number = outcome.of == "absolute_error" or (outcome.of == "label" and model.task == "regression")
    if outcome.cap is not None and not (len(outcome.cap) == 2 and outcome.cap[0] < outcome.cap[1]):
        yield f"cap: found {outcome.cap}, expected the least and the largest value, as (0, 500)."
    if number and outcome.cap is None:
        yield "cap: expected the least and the largest value of a number, as (0, 500)."
    if outcome.cap is not None and not number:
        yield f"cap: found one for {outcome.of!r}, which is 0 or 1. Leave it out."
    if outcome.of == "absolute_error" and model.task in ("binary", "multiclass"):
        yield f"of: found 'absolute_error' for {model.task}, expected 'error'."
    if outcome.of == "error" and model.task == "regression":
        yield "of: found 'error' for a regression, expected 'absolute_error' with a cap."
    if outcome.of == "latency" and (outcome.limit is None or outcome.limit <= 0):
        yield "limit: expected the milliseconds that an answer may take."
    if outcome.of == "latency" and outcome.better == "higher":
        yield "better: found 'higher' for 'latency', expected 'lower'."


def _canary(plan: Canary) -> Iterator[str]:
    percent = tuple(plan.percent)
    if not percent or any(not 0 < each <= 50 for each in percent):
        yield f"percent: found {_percent_text(percent)}, expected each above 0 and at most 50."
    elif any(later <= earlier for earlier, later in pairwise(percent)):
        yield f"percent: found {_percent_text(percent)}, expected each above the one before."
    if not plan.metrics:
        yield "metrics: found none, expected at least one outcome that decides, such as 'error'."
    if not duration(plan.season):
        yield "season: found 0, expected the length of a whole cycle of traffic, such as '7d'."
    if not 0 < plan.alpha < 0.5:
        yield f"alpha: found {plan.alpha:g}, expected a chance above 0 and below 0.5, such as 0.05."
    if not 0 <= plan.holdback < 50:
        yield f"holdback: found {plan.holdback:g}, expected a percent from 0 to below 50."
    if plan.missing is not None and not 0 <= plan.missing < 1:
        yield f"missing: found {plan.missing:g}, expected a share from 0 to below 1."


def _fuse(fuse: Fuse) -> Iterator[str]:
    if not (0 < fuse.failures <= 1 and 0 < fuse.slow <= 1 and fuse.least >= 1):
        yield f"fuse: found {fuse}, expected shares above 0 and at most 1, and at least one request."


def _metrics(model: Model, plan: Canary) -> Iterator[str]:
    known = outcomes_of(model)
    named = [ReleaseMetric(each) if isinstance(each, str) else each for each in plan.metrics]
    for name in duplicates_in(each.outcome for each in named):
        yield f"metrics: found {name!r} twice."
    deadline = duration(plan.deadline)
    season = duration(plan.season)
    for each in named:
        if each.outcome not in known:
            names = ", ".join(dict.fromkeys((*(one.name for one in model.outcomes), *UNDECLARED)))
            yield f"metrics: found {each.outcome!r}, expected the name of an outcome: {names}."
            continue
        if each.margin <= 0 or each.harm < 0 or each.margin >= 1:
            yield (
                f"metrics: {each.outcome!r}: found margin={each.margin:g} and harm={each.harm:g}, expected a "
                "margin above 0 and below 1, and 0 or more."
            )
        if each.budget is not None and each.budget < each.margin:
            yield f"metrics: {each.outcome!r}: found budget={each.budget:g}, expected its margin or more."
        terms = metric_terms(model, plan, each)
        if terms.of == "latency" and terms.limit is None:
            yield f"metrics: {each.outcome!r}: expected a limit: Fuse(latency=...) in milliseconds."
        if terms.cap is not None and plan.decide == "paired":
            yield f"metrics: {each.outcome!r}: found a number, expected 0 or 1 where decide='paired'."
        if terms.cap is not None and terms.cap[0] < 0:
            yield (
                f"metrics: {each.outcome!r}: found a cap from {terms.cap[0]:g}, expected 0 or more: means "
                "are compared by their ratio."
            )
        waits = timedelta(seconds=terms.horizon)
        if waits >= deadline:
            yield (
                f"metrics: {each.outcome!r}: found a horizon of {duration_text(waits)}, longer than the "
                f"deadline of {duration_text(deadline)}: no unit would ever count."
            )
        elif waits + season > deadline:
            yield (
                f"deadline: found {duration_text(deadline)}, expected at least "
                f"{duration_text(waits + season)}: a whole season of {duration_text(season)} and the horizon "
                f"of {each.outcome!r}."
            )
        if terms.of != "latency" and not waits:
            yield f"metrics: {each.outcome!r}: expected a horizon: how long its label may take, as '10d'."


def _percent_text(percent: tuple[float, ...]) -> str:
    return ", ".join(f"{each:g}" for each in percent) or "none"
