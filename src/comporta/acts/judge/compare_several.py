"""Several versions of a model side by side: what they were fitted with, how they measure, what was judged."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from comporta.acts.judge.report import checks_by_id
from comporta.acts.release.metric_trend import figures_of
from comporta.acts.release.release import version_of
from comporta.acts.release.version_of_commit import versions_of_run
from comporta.engine import RUNS
from comporta.errors import NotFound
from comporta.opened.built import built_keys
from comporta.opened.lineage import QUESTIONS
from comporta.opened.people import with_names
from comporta.opened.permission import require_permission
from comporta.opened.project import OpenProject
from comporta.opened.sentences import Say, sentence
from comporta.records import Figure, Record, Version
from comporta.report.codes import NOT_ASKED


class ParameterRow(Record, frozen=True, kw_only=True):
    """A parameter of `fit`, or the `seed`: its value in each version, None where one had none."""

    name: str
    values: tuple[Any, ...]

    @property
    def differs(self) -> bool:
        """Whether it is another in some than in others."""
        return any(value != self.values[0] for value in self.values)


class MetricRow(Record, frozen=True, kw_only=True):
    """A metric of each version on its own test rows; None where one has none."""

    name: str
    figures: tuple[Figure | None, ...]


class CheckRow(Record, frozen=True, kw_only=True):
    """How one check counts for each version: `pass`, `fail, waived`. name: its title."""

    name: str
    statuses: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether it counts otherwise for some than for others."""
        return len({*self.statuses}) > 1


class SeveralVersions(Record, frozen=True, kw_only=True):
    """Versions of one model, in the order in which they were asked for. same: whether all were measured on
    the same test rows. parameters: those that differ. gates: every check, as it stands at `at`."""

    versions: tuple[Version, ...]
    same: bool
    parameters: tuple[ParameterRow, ...]
    metrics: tuple[MetricRow, ...]
    gates: tuple[CheckRow, ...]
    at: datetime


def compare_several(opened: OpenProject, names: tuple[str, ...], say: Say = sentence) -> SeveralVersions:
    """Versions of one model side by side. names: as of `version_of`, or ids of runs. Raises NotFound,
    Forbidden."""
    versions = with_names(opened, *(version_of(opened, version_named(opened, name)) for name in names))
    for model in sorted({each.model for each in versions}):
        require_permission(opened, "version.read", model=model)
    if len({each.model for each in versions}) > 1:
        found = ", ".join(each.id for each in versions)
        raise NotFound(f"found {found}, expected versions of one model.")
    now = opened.now()
    figures = figures_of(opened, versions)
    gates = [checks_by_id(opened, version, now, say) for version in versions]
    fitted = [_fitted_with(opened, version) for version in versions]
    parameters = (
        ParameterRow(name=name, values=tuple(each.get(name) for each in fitted))
        for name in dict.fromkeys(name for each in fitted for name in each)
    )
    return SeveralVersions(
        versions=versions,
        same=len({each.parts["test"].digest for each in versions}) == 1,
        parameters=tuple(each for each in parameters if each.differs),
        metrics=tuple(
            MetricRow(name=name, figures=tuple(figures[each.id].get(name) for each in versions))
            for name in dict.fromkeys(name for each in versions for name in figures[each.id])
        ),
        gates=tuple(
            CheckRow(
                name=next(each[key].title for each in reversed(gates) if key in each),
                statuses=tuple(say(each[key].status if key in each else NOT_ASKED()) for each in gates),
            )
            for key in dict.fromkeys(key for each in gates for key in each)
        ),
        at=now,
    )


def version_named(opened: OpenProject, name: str) -> str:
    """The name of a version: the same, or that of the version which a run of this id led to. Raises
    NotFound."""
    # No model's name begins with a digit, and every run's does.
    if not name[:1].isdigit():
        return name
    found = opened.ledger.scan(RUNS, name, limit=2)
    if len(found) != 1:
        many = "several" if found else "no"
        raise NotFound(f"found {many} runs of id {name!r}, expected one. List them: comporta runs")
    versions = versions_of_run(opened, found[0][1])
    if len(versions) != 1:
        led = f"to {', '.join(each.id for each in versions)}" if versions else "to no version"
        raise NotFound(f"run {found[0][0]}: it led {led}, expected one version. Name a version instead.")
    return versions[0].id


def _fitted_with(opened: OpenProject, version: Version) -> dict[str, Any]:
    """What `fit` was told, and the seed."""
    node = built_keys(version.model)["fit"].name
    question = opened.ledger.get(QUESTIONS, version.steps.get(node, ""))
    if question is None:
        return {}
    told = question.recipe.params
    decided = {name: told[name] for name in ("positive", "threshold", "output", "task") if name in told}
    return {**told.get("params", {}), "seed": question.recipe.seed, **decided}
