"""What one question at the door costs: `may` in a team of fifty, allowed and refused.

The floor is one look-up of the same person and action in a dict, in the same run.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime

from comporta.access import AccessFacts, Duties, access_facts, may
from comporta.records.access import Action, ActionDenial, Actor, Role, RoleGrant, Scope

PEOPLE, TIMES, ROUNDS = 50, 2000, 25
TEAM: tuple[Role, ...] = ("scientist", "engineer", "validator", "approver", "oncall")
LATE = Scope(model="late")


def facts() -> AccessFacts:
    """Fifty people of two roles each, one of them in a model alone; a tenth was denied something."""
    ids = [f"person-{each:016x}" for each in range(PEOPLE)]
    return access_facts(
        granted=[
            RoleGrant(person=id, role=TEAM[(place + step) % len(TEAM)], scope=LATE if step else Scope())
            for place, id in enumerate(ids)
            for step in range(2)
        ],
        denied=[ActionDenial(person=id, action="release.execute") for id in ids[::10]],
        keyed=frozenset(ids),
        duties=Duties(trained=frozenset(ids[:5]), requested=frozenset(ids[5:7])),
        now=datetime(2026, 11, 30, tzinfo=UTC),
    )


def microseconds(ask: Callable[[], object]) -> float:
    """Of one call, the median of several rounds; of this process alone, however busy the machine is."""
    took = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(TIMES):
            ask()
        took.append((time.process_time() - began) / TIMES * 1e6)
    return statistics.median(took)


def main() -> None:
    known = facts()
    table: dict[tuple[str, Action], bool] = {
        (person, action): True for person, mine in known.rights.items() for action in mine
    }

    def actor(place: int) -> Actor:
        id = f"person-{place:016x}"
        return Actor(id=id, name=id, proof="key")

    validator, trainer = actor(12), actor(2)
    assert may(validator, "release.approve", LATE, known).allowed
    assert not may(trainer, "release.approve", LATE, known).allowed
    allowed = microseconds(lambda: may(validator, "release.approve", LATE, known))
    refused = microseconds(lambda: may(trainer, "release.approve", LATE, known))
    floor = microseconds(lambda: table.get((validator.id, "release.approve")))
    for what, measured, limit in (
        ("may, allowed, in a team of 50", allowed, 20.0),
        ("may, refused, with the names of who could, in a team of 50", refused, 20.0),
    ):
        print(
            json.dumps(
                {
                    "promise": what,
                    "measured": round(measured, 2),
                    "limit": limit,
                    "unit": "µs, median",
                    "holds": measured < limit,
                    "detail": {"one look-up in a dict, µs": round(floor, 3), "people": PEOPLE},
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
