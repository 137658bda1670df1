"""The route of each model, as a projection of its releases."""

from __future__ import annotations

from comporta.records import Changes, Event, Lookup, Projection, Route
from comporta.records.facts import VersionReleased


def _on_released(fact: VersionReleased, event: Event, old: Lookup[Route]) -> Changes[Route]:
    before = old(fact.release.model)
    history = before.history if before is not None else ()
    yield (
        fact.release.model,
        Route(
            model=fact.release.model,
            shares=fact.release.shares,
            history=(*history, fact.release),
        ),
    )


ROUTES = Projection("route", Route, {VersionReleased: _on_released})
