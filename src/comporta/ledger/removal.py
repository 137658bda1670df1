"""Which events' bodies may be taken away: what the chain itself stands on stays."""

from __future__ import annotations

from comporta.errors import NotFound, Refused
from comporta.records.event import Event
from comporta.records.facts import ChainContinued, EventRemoved, ProjectKeyed

_STAYS = {fact.kind for fact in (ChainContinued, EventRemoved, ProjectKeyed)}


def require_removable(event: Event | None, seq: int) -> None:
    """Raises NotFound where there is no such event, Refused where its body must stay."""
    if event is None:
        raise NotFound(f"event {seq}: there is none. `comporta audit verify` tells how many there are.")
    if not event.leaf:
        raise Refused(
            f"event {seq}: it is of the keyed chain, whose links cover the bodies themselves. "
            "Only events after `chain.continued` can lose theirs."
        )
    if event.kind in _STAYS:
        raise Refused(f"event {seq}: a {event.kind} says what the chain stands on, so its body must stay.")
    if event.body is None:
        raise Refused(f"event {seq}: its body was removed already.")


def needed(seq: int, error: Exception) -> Refused:
    """What follows cannot be folded without this event."""
    return Refused(
        f"event {seq}: later events cannot be read without it ({error!r}), so its body stays. "
        "Remove theirs first."
    )
