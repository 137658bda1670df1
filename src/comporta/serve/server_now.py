"""What a server process tells of itself to others on its machine: which versions it has in memory."""

from __future__ import annotations

from comporta.records import Record, encode
from comporta.serve.serving_state import ServingState


class ModelNow(Record, frozen=True, kw_only=True):
    """One model. release: the number of the release that answers here; None: none, or it has no number.
    plan: its plan's id. versions: those in memory, answering or warm. failed: those that a release names and
    that could not be loaded."""

    model: str
    release: int | None
    plan: str = ""
    versions: tuple[int, ...] = ()
    failed: tuple[int, ...] = ()


class ToldNow(Record, frozen=True, kw_only=True):
    """What stands in the tally of a process."""

    models: tuple[ModelNow, ...] = ()


def server_now(serving: ServingState) -> bytes:
    """The record of what serves here, encoded."""
    failed: dict[str, set[int]] = {}
    for model, release in serving.failed.items():
        held = serving.models.get(model)
        numbers = {share.version for share in release.shares}
        failed[model] = {each for each in numbers if held is None or not held.holds(each)}
    for model, number in serving.unready:
        failed.setdefault(model, set()).add(number)
    models = []
    for model in sorted(serving.models.keys() | failed.keys()):
        served = serving.models.get(model)
        models.append(
            ModelNow(
                model=model,
                release=None if served is None else served.release,
                plan="" if served is None else served.plan,
                versions=() if served is None else tuple(sorted({*served.versions, *served.warm})),
                failed=tuple(sorted(failed.get(model, ()))),
            )
        )
    return encode(ToldNow(models=tuple(models)))
