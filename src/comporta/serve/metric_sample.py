"""One number that a server tells of itself."""

from __future__ import annotations

from typing import NamedTuple


class MetricSample(NamedTuple):
    """One number. name: without `comporta_`; a counter's ends in `total`."""

    name: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


def version_labels(model: str, version: int) -> tuple[tuple[str, str], ...]:
    """How a sample says which version it is of."""
    return (("model", model), ("version", str(version)))
