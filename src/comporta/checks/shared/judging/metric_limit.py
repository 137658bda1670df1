"""A metric held to a limit on rows of other times: what `backtest` and `replayed` share."""

from __future__ import annotations

from comporta.checks.shared.judging.arguments import number
from comporta.checks.shared.judging.wording import LIMIT_AT_LEAST, LIMIT_AT_MOST
from comporta.errors import BadProject
from comporta.records import Message
from comporta.records.metric import metric as named


def limit_values(limit: float, least: bool) -> dict[str, float]:
    """The limit as the id of a check holds it."""
    return {"at_least" if least else "at_most": limit}


def limit_title(limit: float, least: bool) -> Message:
    """`at least 0.7` or `at most 0.3`."""
    return (LIMIT_AT_LEAST if least else LIMIT_AT_MOST)(limit=limit)


def one_limit(check: str, metric: str, at_least: float | None, at_most: float | None) -> tuple[float, bool]:
    """The limit, and whether it is a least. Raises BadProject where both or neither are given."""
    named(metric)
    if (at_least is None) == (at_most is None):
        raise BadProject(f"{check} {metric}: expected either at_least or at_most, found both or neither.")
    if at_least is not None:
        return number(check, "at_least", at_least), True
    return number(check, "at_most", at_most), False
