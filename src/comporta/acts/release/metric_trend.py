"""How the metrics of models went over their versions, each measured on its own test rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

from comporta.errors import ComportaError
from comporta.opened.findings import overall_figures, scores_at
from comporta.opened.project import OpenProject
from comporta.records import Figure, Record, Version
from comporta.records.metric import MAINS, METRICS

MetricFigures = Mapping[str, Figure]
"""Metric → its figure on all test rows of a version."""
_AT_ONCE = 16


class MetricTrend(Record, frozen=True, kw_only=True):
    """One metric over some versions of a model, oldest first. numbers: of the versions. figures: None where
    it was not measured; there is one at least."""

    model: str
    metric: str
    numbers: tuple[int, ...]
    figures: tuple[Figure | None, ...]

    @property
    def numbered_figures(self) -> tuple[tuple[int, Figure], ...]:
        """The versions that have it, with their figures."""
        return tuple(
            (n, each) for n, each in zip(self.numbers, self.figures, strict=True) if each is not None
        )

    @property
    def best(self) -> tuple[int, Figure]:
        """The best version and its figure; of equals the earliest."""
        known = METRICS.get(self.metric)
        sign = 1 if known is None or known.higher else -1
        return max(self.numbered_figures, key=lambda each: (sign * each[1].value, -each[0]))


def figures_of(opened: OpenProject, versions: Iterable[Version]) -> dict[str, MetricFigures]:
    """Id of a version → its metrics; empty where what was measured is gone."""
    every = tuple(versions)
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # of a store elsewhere each is a way there and back
        found = pool.map(lambda version: _figures(opened, version), every)
        return {version.id: figures for version, figures in zip(every, found, strict=True)}


def trends(
    versions: Sequence[Version], figures: Mapping[str, MetricFigures], *, main: bool = False
) -> tuple[MetricTrend, ...]:
    """Each metric of each model over these versions. main: of each model the first of roc_auc, accuracy and
    r2 that it has, alone."""
    found: list[MetricTrend] = []
    ordered = sorted(
        {each.id: each for each in versions}.values(), key=lambda each: (each.model, each.number)
    )
    for model, group in groupby(ordered, key=lambda each: each.model):
        some = list(group)
        names = list(dict.fromkeys(name for each in some for name in figures.get(each.id, {})))
        mains = [name for name in MAINS if name in names][:1]
        found += [
            MetricTrend(
                model=model,
                metric=name,
                numbers=tuple(each.number for each in some),
                figures=tuple(figures.get(each.id, {}).get(name) for each in some),
            )
            for name in (mains or names[:1] if main else names)
        ]
    return tuple(found)


def _figures(opened: OpenProject, version: Version) -> MetricFigures:
    try:
        return overall_figures(scores_at(opened.context, version.parts["scores"]))
    except (ComportaError, KeyError):
        return {}
