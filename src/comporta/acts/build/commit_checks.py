"""`comporta check --level commit`: the quick gates on a sample, in seconds, for each push."""

from __future__ import annotations

import math

from msgspec import field

from comporta.acts.build.plan import plan
from comporta.acts.build.run import built_models
from comporta.acts.judge.budget import seconds_at
from comporta.acts.judge.checks import checks
from comporta.acts.judge.evidence import gather
from comporta.acts.judge.verdicts import champion, late
from comporta.checks import asked_at, judge
from comporta.checks.pool import section_of
from comporta.checks.shared.measuring.machine import machine
from comporta.engine import Progress
from comporta.errors import ComportaError
from comporta.opened.permission import require_permission
from comporta.opened.project import OpenProject
from comporta.opened.sentences import Say, sentence
from comporta.records import Level, Record, Run, Verdict
from comporta.report import ReportedVerdict
from comporta.report.codes import HEADINGS

ROWS = 5_000
LATER: Level = "release"
"""The level that judges the same checks on all rows."""


class SampleVerdicts(Record, frozen=True, kw_only=True):
    """The verdicts of the quick gates on one model that was fitted on a sample and is not stored.

    rows: of the sample, at most. undecided: the required checks that are inconclusive on it; they do not
    block here, and `comporta run` judges them on all rows."""

    model: str
    rows: int
    verdicts: tuple[Verdict, ...]
    undecided: tuple[str, ...] = field(default=(), name="left")

    @property
    def fails(self) -> bool:
        """Whether a required gate failed, or could not be measured."""
        return any(each.blocks for each in self.report_rows())

    def report_rows(self, say: Say = sentence) -> tuple[ReportedVerdict, ...]:
        """The verdicts as rows of a report."""
        return tuple(
            ReportedVerdict(
                verdict=each,
                title=say(each.display_title),
                reason=say(each.reason),
                decided_at=LATER if each.check in self.undecided else None,
                section=section_of(each.what),
                section_title=say(HEADINGS[section_of(each.what)]()),
            )
            for each in self.verdicts
        )


class SampleReport(Record, frozen=True, kw_only=True):
    """The verdicts of each model that could be built on a sample. failure: where others could not, why."""

    run: Run
    models: tuple[SampleVerdicts, ...]
    failure: ComportaError | None = None


def check_on_sample(opened: OpenProject, *, progress: Progress | None = None) -> SampleReport:
    """Each model built on at most 5,000 rows and judged by the gates of the level `commit`; no version is
    made. Where none could be built: raises StepFailed, ExpectationBroken, SchemaChanged. Raises
    BadProject."""
    require_permission(opened, "train.run")
    models = opened.project.models
    champions = {model.name: champion(opened, model.name) for model in models}
    seconds = seconds_at("commit", opened.settings.budget)
    work = plan(
        opened.project,
        opened.root,
        models,
        champions,
        level="commit",
        rows=ROWS,
        seconds=seconds,
        machine=machine().digest,
    )
    run, answers, failure = opened.engine.ask_what_can(
        work,
        command="check --level commit",
        purpose="check",
        project=opened.project.name,
        progress=progress,
    )
    built = built_models(models, work, answers)
    if failure is not None and not built:
        raise failure
    results, unbegun = [], late(opened, run)
    for model in built:
        gates = asked_at(checks(model), "commit")
        evidence = gather(opened.context, model, "commit", answers, unbegun)
        verdicts = judge(gates, evidence)
        undecided = tuple(each.check for each in verdicts if _is_inconclusive(each))
        results.append(SampleVerdicts(model=model.name, rows=ROWS, verdicts=verdicts, undecided=undecided))
    return SampleReport(run=run, models=tuple(results), failure=failure)


def _is_inconclusive(verdict: Verdict) -> bool:
    """Whether a required check is inconclusive because the sample has too few rows: that does not block
    here. A check that raised, or whose evidence is missing, does."""
    return verdict.outcome == "inconclusive" and verdict.required and _is_measured(verdict)


def _is_measured(verdict: Verdict) -> bool:
    """Whether a figure with an interval was measured; or the metrics were, and the sample has no rows for
    this one: a single class, or too few rows of a slice."""
    figure = verdict.figure
    if figure is not None and figure.low is not None and figure.high is not None:
        return math.isfinite(figure.low + figure.value + figure.high)
    return verdict.what == "scores" and verdict.evidence is not None
