"""Who may do what, as a team declares it. Nobody proves yet who they are."""

from __future__ import annotations

from typing import Literal

from comporta.records import Record

Role = Literal["builder", "validator", "owner", "auditor"]
WAIVES: tuple[Role, ...] = ("validator", "owner")
REMOVES: tuple[Role, ...] = ("validator", "owner")
APPROVES: tuple[Role, ...] = ("validator", "owner")


class Person(Record, frozen=True):
    """One of the team.

    name: as they log in, or pass with `--by`; compared without case.
    role: `builder` makes models; `validator` tests them and `owner` answers for the business: both may
        approve a version, waive a check and remove an event's body; `auditor` reads.

    >>> Person("ana", "validator").role in APPROVES, Person("bo", "builder").role in WAIVES
    (True, False)
    """

    name: str
    role: Role
