"""Who is in the team, and in which role, as the project's file declares it."""

from __future__ import annotations

from comporta.records import Record
from comporta.records.access import Role


class Person(Record, frozen=True):
    """One of the team.

    name: as they log in, or pass with `--by`; compared without case.
    role: `builder` makes models; `validator` tests them and `owner` answers for the business: both may
        approve a version, waive a check and remove an event's body; `auditor` reads. The others, and what
        each may, are in `comporta.access.ROLES`.

    >>> Person("ana", "validator").role
    'validator'
    """

    name: str
    role: Role
