"""What was said of a version, gathered for a reader; and two versions side by side."""

from __future__ import annotations

from datetime import datetime

from msgspec import field

from comporta.acts.judge.checks import checks
from comporta.acts.judge.gate import against
from comporta.acts.release.release import version_view
from comporta.checks import needs
from comporta.checks.former import former
from comporta.checks.pool import drawings_of, section_of
from comporta.errors import ComportaError, NotFound
from comporta.opened.findings import findings_at, overall_figures, scores_at
from comporta.opened.people import with_names
from comporta.opened.positive_class import positive_class
from comporta.opened.project import OpenProject
from comporta.opened.sentences import Say, in_words, sentence
from comporta.opened.staleness import staleness
from comporta.records import (
    Drawings,
    Figure,
    Findings,
    MeasurementSpec,
    Record,
    Scores,
    Section,
    UnmeasuredFigure,
    Verdict,
    Version,
    columns_of,
)
from comporta.records.former_figures import SCORED
from comporta.report import Report, ReportedVerdict, added_checks, standing, tell
from comporta.report.codes import NOT_ASKED
from comporta.report.standing import in_text
from comporta.store import StepContext


def report(opened: OpenProject, name: str, say: Say = sentence) -> Report:
    """Every verdict of a version with what it rests on, in words. Raises NotFound."""
    (version,) = with_names(opened, version_view(opened, name))
    now = opened.now()
    context = opened.context
    model = opened.project.find_model(version.model)
    champion = against(opened, version)
    since = staleness(opened, version)
    own, positive = presentation(opened, version.model), positive_class(opened, version)
    return Report(
        version=version,
        at=now,
        project=opened.project.name,
        verdicts=tell(
            version, now, lambda verdict: findings(context, verdict, say), say, own.section, positive
        ),
        meaning=model.meaning if model is not None else "",
        owner=model.owner if model is not None else "",
        champion=champion.id if champion is not None else "",
        added=added_checks(version, say),
        standing=standing(version, now, say),
        scores=tuple(
            in_text(each, say) for each in scores_at(opened.context, version.parts["scores"]).figures
        ),
        staleness=since,
        causes={each.dataset: say(each.cause) for each in since if each.cause is not None},
    )


class Presentation(Record, frozen=True, kw_only=True):
    """Where and how a report shows what the checks of a model need. own: of those that the pool does not
    have, by need. say: the language of who reads."""

    own: dict[str, MeasurementSpec] = {}
    say: Say = sentence

    def section(self, what: str) -> Section:
        """Where a report tells it."""
        return self.own[what].section if what in self.own else section_of(what)

    def drawings(self, what: str) -> Drawings:
        """How it is drawn, in words."""
        return in_words(self.own[what].drawings if what in self.own else drawings_of(what), self.say)


def presentation(opened: OpenProject, name: str, say: Say = sentence) -> Presentation:
    """Of the model as the project declares it today."""
    model = opened.project.find_model(name)
    asked = needs(checks(model)) if model is not None else ()
    return Presentation(own={need.what: need.spec for need in asked if need.spec is not None}, say=say)


def findings(context: StepContext, verdict: Verdict, say: Say = sentence) -> Findings | None:
    """What the verdict rests on, in words; None where nothing was measured, or it was deleted since."""
    if verdict.evidence is None:
        return None
    try:
        if verdict.what in SCORED:
            scores = scores_at(context, verdict.evidence)
            beside = Findings(figures=_of(scores, verdict), unmeasured=_unmeasured_slices(scores, verdict))
            return in_words(beside, say)
        return in_words(findings_at(context, verdict.evidence), say)
    except ComportaError:
        return None


def _of(scores: Scores, verdict: Verdict) -> tuple[Figure, ...]:
    """The figures beside the one that decided: of the same metric, by the same column."""
    decided = verdict.figure
    if decided is None:
        return ()
    return tuple(
        each
        for each in scores.figures
        if each.metric == decided.metric and columns_of(each) == columns_of(decided)
    )


def _unmeasured_slices(scores: Scores, verdict: Verdict) -> tuple[UnmeasuredFigure, ...]:
    """The slices beside the one that decided that could not be measured. Where none could be, nothing
    decided and the verdict's reason says why."""
    decided = verdict.figure
    if decided is None or not decided.where:
        return ()
    return tuple(
        each
        for each in scores.unmeasured
        if each.metric == decided.metric and columns_of(each) == columns_of(decided)
    )


class Line(Record, frozen=True, kw_only=True):
    """One metric of two versions. a, b: figures, None where one has none."""

    name: str
    a: Figure | None = None
    b: Figure | None = None


class Pair(Record, frozen=True, kw_only=True):
    """One check of two versions. name: its title. a, b: its verdicts with the waivers signed for them, None
    where it was not asked. status: how it counts, `fail, waived → pass`, or once where that is the same."""

    name: str
    a: ReportedVerdict | None = None
    b: ReportedVerdict | None = None
    status: str = field(name="said")

    @property
    def differs(self) -> bool:
        """Whether it counts otherwise in one than in the other."""
        return self.a is None or self.b is None or self.a.status != self.b.status


class Comparison(Record, frozen=True, kw_only=True):
    """Two versions of one model. metrics: on each one's own test rows; same: whether those are the same rows.
    gates: what each check said of both, as it stands at `at`. standing: by what each was judged."""

    a: Version
    b: Version
    same: bool
    metrics: tuple[Line, ...]
    gates: tuple[Pair, ...]
    at: datetime
    standing: tuple[tuple[tuple[str, str], ...], ...] = ()


def compare(opened: OpenProject, first: str, second: str, say: Say = sentence) -> Comparison:
    """What differs between two versions of a model. Raises NotFound."""
    a, b = with_names(opened, version_view(opened, first), version_view(opened, second))
    if a.model != b.model:
        raise NotFound(f"found {a.id} and {b.id}, expected two versions of one model.")
    mine, theirs = (_overall(opened.context, version) for version in (a, b))
    now = opened.now()
    first_gates, second_gates = (checks_by_id(opened, version, now, say) for version in (a, b))
    return Comparison(
        a=a,
        b=b,
        same=a.parts["test"].digest == b.parts["test"].digest,
        metrics=tuple(
            Line(name=name, a=mine.get(name), b=theirs.get(name)) for name in dict.fromkeys((*mine, *theirs))
        ),
        gates=tuple(
            _pair(first_gates.get(each), second_gates.get(each), say)
            for each in dict.fromkeys((*first_gates, *second_gates))
        ),
        at=now,
        standing=tuple(standing(version, now, say) for version in (a, b)),
    )


def checks_by_id(
    opened: OpenProject, version: Version, now: datetime, say: Say
) -> dict[tuple[str, bool], ReportedVerdict]:
    """Each verdict of a version as it stands now, by its check's id of today and whether that has changed."""
    ids = _ids(opened, version.model)
    rows = tell(version, now, say=say, positive=positive_class(opened, version))
    return {(ids.get(each.verdict.check, each.verdict.check), each.verdict.changed): each for each in rows}


def _ids(opened: OpenProject, name: str) -> dict[str, str]:
    """What an older release called each check of the model → its id, so that both stand on one line."""
    model = opened.project.find_model(name)
    gates = checks(model) if model is not None else ()
    return {each.name: check.name for check in gates if (each := former(check)) is not None}


def _pair(a: ReportedVerdict | None, b: ReportedVerdict | None, say: Say) -> Pair:
    name = next(each.title for each in (b, a) if each is not None)
    was, now = (say(each.status if each is not None else NOT_ASKED()) for each in (a, b))
    return Pair(name=name, a=a, b=b, status=was if was == now else f"{was} → {now}")


def _overall(context: StepContext, version: Version) -> dict[str, Figure]:
    return overall_figures(scores_at(context, version.parts["scores"]))
