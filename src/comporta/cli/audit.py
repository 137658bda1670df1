"""`comporta audit`: whether the record of events is what was written."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli import words as say
from comporta.cli.options import NO, AsJson, Where
from comporta.errors import BadProject
from comporta.records import Head


def verify(
    *,
    head: Annotated[str, Parameter(help="Where the record ended, as kept elsewhere: SEQ:HASH.")] = "",
    project: Where = None,
    json: AsJson = False,
) -> int:
    """Check the chain of events, and every state that is kept with it. Exit code 3: not as written.

    Without --head it cannot know whether the newest events were cut off, and says so. Keep the head it
    prints in another place for the next time.
    """
    from comporta.loop.audit import verify as verified
    from comporta.loop.house import open_house

    expected = _head(head) if head else None
    with open_house(project) as house:
        audit = verified(house, expected)
    if json:
        show.json(audit)
        return 0 if audit.sound else NO
    for fault in audit.faults:
        show.line(fault.message)
    if audit.count > len(audit.faults):
        show.line(say.AND_MORE.format(count=audit.count - len(audit.faults)))
    if audit.sound:
        show.line(say.SOUND.format(events=audit.events, readings=len(audit.readings)))
    for each in audit.unknown:
        show.line(each)
    show.line(say.HEAD.format(seq=audit.head.seq, hash=audit.head.hash))
    return 0 if audit.sound else NO


def _head(text: str) -> Head:
    seq, _, digest = text.partition(":")
    if not seq.isdigit() or not digest:
        raise BadProject(f"--head: found {text!r}, expected SEQ:HASH as `comporta audit verify` prints it.")
    return Head(seq=int(seq), hash=digest)
