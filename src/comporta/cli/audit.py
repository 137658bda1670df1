"""`comporta audit`: whether the record of events, and the bytes of the datasets, are what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter

from comporta.cli import show
from comporta.cli import words as say
from comporta.cli.options import NO, AsJson, Where
from comporta.errors import BadProject
from comporta.records import Head

if TYPE_CHECKING:
    from comporta.loop.audit import DataAudit


def verify(
    *,
    head: Annotated[str, Parameter(help="Where the record ended, as kept elsewhere: SEQ:HASH.")] = "",
    ledger_only: Annotated[bool, Parameter(help="Leave out the bytes of the datasets.")] = False,
    project: Where = None,
    json: AsJson = False,
) -> int:
    """Check the chain of events, every state kept with it, and every byte of the datasets.

    Exit code 3: something is not as written. Without --head it cannot know whether the newest events were cut
    off, and says so. Keep the head it prints in another place for the next time.
    """
    from comporta.cli.progress import Reading
    from comporta.loop.audit import verify as verified
    from comporta.loop.audit import verify_data
    from comporta.loop.house import open_house

    expected = _head(head) if head else None
    with open_house(project) as house:
        audit = verified(house, expected)
        reading = Reading()
        try:
            read = verify_data(house, None if json else reading) if not ledger_only else None
        finally:
            reading.end()
    sound = audit.sound and (read is None or not read.faults)
    if json:
        show.json({**msgspec.structs.asdict(audit), "data": read})
        return 0 if sound else NO
    for fault in audit.faults:
        show.line(fault.message)
    if audit.count > len(audit.faults):
        show.line(say.AND_MORE.format(count=audit.count - len(audit.faults)))
    if audit.sound:
        show.line(say.SOUND.format(events=audit.events, readings=len(audit.readings)))
    if read is not None:
        _data(read)
    for each in audit.unknown:
        show.line(each)
    show.line(say.HEAD.format(seq=audit.head.seq, hash=audit.head.hash))
    return 0 if sound else NO


def _data(read: DataAudit) -> None:
    for fault in read.faults:
        show.line(fault)
    if not read.faults:
        which = say.ONE_DATASET if read.datasets == 1 else say.DATASETS.format(count=read.datasets)
        show.line(say.DATA_SOUND.format(size=show.size(read.size), objects=read.objects, datasets=which))


def _head(text: str) -> Head:
    seq, _, digest = text.partition(":")
    if not seq.isdigit() or not digest:
        raise BadProject(f"--head: found {text!r}, expected SEQ:HASH as `comporta audit verify` prints it.")
    return Head(seq=int(seq), hash=digest)
