"""What each push is held to: the declaration, and the quick gates on a sample, in seconds."""

from __future__ import annotations

import math

from comporta.acts.build.plan import plan
from comporta.acts.judge.budget import seconds_at
from comporta.acts.judge.checks import checks
from comporta.acts.judge.evidence import gather
from comporta.acts.judge.verdicts import champion, late
from comporta.checks import asked_at, judge
from comporta.checks.pool import section_of
from comporta.engine import Progress
from comporta.opened.project import OpenProject
from comporta.opened.sentences import Say, sentence
from comporta.records import Level, Record, Run, Verdict
from comporta.report import Told

ROWS = 5_000
LATER: Level = "release"
"""The level that asks the same of all rows."""


class Tried(Record, frozen=True, kw_only=True):
    """What the quick gates said of one model, fitted on a sample and kept nowhere. left: the required checks
    among them that the sample has too few rows to tell: left open here, and asked again at `release`."""

    model: str
    rows: int
    verdicts: tuple[Verdict, ...]
    left: tuple[str, ...] = ()

    @property
    def broken(self) -> bool:
        """Whether a required gate failed, or could not be asked."""
        return any(each.shuts for each in self.told())

    def told(self, say: Say = sentence) -> tuple[Told, ...]:
        """The verdicts as a report tells them."""
        return tuple(
            Told(
                verdict=each,
                title=say(each.called),
                reason=say(each.reason),
                left=LATER if each.check in self.left else None,
                section=section_of(each.what),
            )
            for each in self.verdicts
        )


def commit(opened: OpenProject, *, progress: Progress | None = None) -> tuple[Run, tuple[Tried, ...]]:
    """Each model built on at most 5,000 rows and judged by the gates of the level `commit`; no version is
    made. Raises StepFailed, ExpectationBroken, SchemaChanged, BadProject."""
    models = opened.project.models
    champions = {model.name: champion(opened, model.name) for model in models}
    seconds = seconds_at("commit", opened.settings.budget)
    asked = plan(opened.project, opened.root, models, champions, level="commit", rows=ROWS, seconds=seconds)
    run, answers = opened.engine.ask(
        asked, command="check --level commit", project=opened.project.name, progress=progress
    )
    tried, unbegun = [], late(opened, run)
    for model in models:
        gates = asked_at(checks(model), "commit")
        evidence = gather(opened.context, model, "commit", answers, unbegun)
        verdicts = judge(gates, evidence)
        left = tuple(each.check for each in verdicts if _left(each))
        tried.append(Tried(model=model.name, rows=ROWS, verdicts=verdicts, left=left))
    return run, tuple(tried)


def _left(verdict: Verdict) -> bool:
    """Whether a required check is left open: what a sample has too few rows to tell closes nothing here; a
    check that raised, or whose evidence was not made, does."""
    return verdict.outcome == "inconclusive" and verdict.required and _measured(verdict)


def _measured(verdict: Verdict) -> bool:
    """Whether a figure was measured whose interval leaves it open; or the metrics were, and a sample so small
    has no such rows: one class, or too few of a slice."""
    figure = verdict.figure
    if figure is not None and figure.low is not None and figure.high is not None:
        return math.isfinite(figure.low + figure.value + figure.high)
    return verdict.what == "scores" and verdict.evidence is not None
