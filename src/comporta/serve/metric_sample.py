"""One number that a server tells of itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

SampleKind = Literal["count", "now", "latest"]
"""How the numbers of several workers become one. count: added up, those of workers that ended among them.
now: added up over the workers that there are. latest: of what all of them look at, the largest."""


class MetricSample(NamedTuple):
    """One number. name: without `comporta_`; a counter's ends in `total`."""

    name: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()
    kind: SampleKind = "count"


def version_labels(model: str, version: int) -> tuple[tuple[str, str], ...]:
    """How a sample says which version it is of."""
    return (("model", model), ("version", str(version)))


def add_up(samples: Iterable[MetricSample]) -> list[MetricSample]:
    """One sample for each name, labels and kind, in the order in which they came first."""
    found: dict[tuple[str, tuple[tuple[str, str], ...], SampleKind], float] = {}
    for each in samples:
        key = (each.name, each.labels, each.kind)
        if key not in found:
            found[key] = each.value
        elif each.kind == "latest":
            found[key] = max(found[key], each.value)
        else:
            found[key] += each.value
    return [MetricSample(name, value, labels, kind) for (name, labels, kind), value in found.items()]
