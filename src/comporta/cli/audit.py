"""`comporta audit`: verify, export and redact the record of events, and verify all stored bytes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter

from comporta.cli import show
from comporta.cli.exposed import tell_exposed
from comporta.cli.job import queue_act
from comporta.cli.options import NO, AsJson, By, Priority, Queue, Where, between
from comporta.cli.words import words as say
from comporta.errors import BadProject
from comporta.opened.written_file import replacing
from comporta.records import Head

if TYPE_CHECKING:
    from comporta.acts.upkeep.audit import DataAudit
    from comporta.ledger import Audit
    from comporta.opened.artifacts import ArtifactAudit


def verify(
    *,
    head: Annotated[str, Parameter(help="The head that an earlier audit printed: SEQ:HASH.")] = "",
    ledger_only: Annotated[bool, Parameter(help="Leave out the bytes of artifacts and datasets.")] = False,
    queue: Queue = False,
    priority: Priority = None,
    project: Where = None,
    json: AsJson = False,
) -> int:
    """Check the chain of events and its signatures, every state kept with it, people's names, and every byte.

    Exit code 3: something differs from what was written. Only with --head can it know whether the newest
    events were cut off: keep the head it prints elsewhere, for the next time.
    """
    if queue or priority is not None:
        if ledger_only:
            raise BadProject(say.QUEUE_WHOLE)
        return queue_act("verify", {"head": head}, priority, project, json)
    from comporta.acts.upkeep.whole_audit import head_of, verify_whole
    from comporta.cli.progress import ReadingProgress
    from comporta.opened.project import open_project
    from comporta.opened.sentences import sentence

    expected = head_of(head) if head else None
    with open_project(project) as opened:
        tell_exposed(opened)
        reading = ReadingProgress()
        try:
            found = verify_whole(
                opened, expected, ledger_only=ledger_only, on_progress=None if json else reading
            )
        finally:
            reading.end()
    if json:
        show.json(found.as_one())
        return 0 if found.sound else NO
    audit, artifacts, read = found.ledger, found.artifacts, found.data
    _chain(audit)
    if artifacts is not None:
        _artifacts(artifacts)
    if read is not None:
        _data(read)
    for fault in (*found.people, *found.store):
        show.line(fault)
    for each in audit.unknown:
        show.line(sentence(each))
    show.line(say.HEAD.format(seq=audit.head.seq, hash=audit.head.hash))
    show.aside(say.KEEP_HEAD)
    return 0 if found.sound else NO


def key(*, project: Where = None, json: AsJson = False) -> None:
    """Print the public key that this project's record is signed with, for others to verify it.

    `comporta audit key > comporta.pub` puts it beside the project; commit it.
    """
    from comporta.acts.upkeep.key import project_public_key
    from comporta.ledger.signing import pem
    from comporta.project.load import find_project_file

    public = project_public_key(find_project_file(project).parent)
    if json:
        show.json({"key": public, "pem": pem(public)})
    else:
        show.line(pem(public).rstrip("\n"))


def export(
    file: Annotated[Path, Parameter(help="The file to write.")],
    /,
    *,
    withhold: Annotated[
        tuple[int, ...],
        Parameter(
            help="The number of an event whose body is left out. May be given again.", validator=between(1)
        ),
    ] = (),
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Write the record of events into one file that anyone can verify with the public key.

    A body that is withheld cannot be guessed from it, and the rest still verifies.
    """
    from comporta.acts.upkeep.audit import export as exported
    from comporta.opened.project import open_project

    with open_project(project) as opened, replacing(file) as out:
        done = exported(opened, withhold, lambda line: out.write(line + "\n"))
    if json:
        show.json(done)
    else:
        counts = msgspec.structs.asdict(done)
        show.line(say.EXPORTED.format(file=file, **counts))
        if done.keyed:
            show.line(say.EXPORTED_AFTER.format(**counts))


def verify_export(
    file: Annotated[Path, Parameter(help="What `comporta audit export` wrote.")],
    /,
    *,
    key: Annotated[str | None, Parameter(help="The project's public key: a file, or 64 hex digits.")] = None,
    head: Annotated[str, Parameter(help="The head that an earlier audit printed: SEQ:HASH.")] = "",
    json: AsJson = False,
) -> int:
    """Verify an exported record. Needs no project. Exit code 3: something in it is not what was signed.

    Without --key it is verified with the key that it names itself: compare that with the project's own.
    """
    from comporta.acts.upkeep.audit import verify_export as verified
    from comporta.acts.upkeep.whole_audit import head_of
    from comporta.ledger.signing import parse_public
    from comporta.opened.sentences import sentence

    expected = head_of(head) if head else None
    # Given but empty, as by a variable that is not set, is no wish for the file's own key.
    public = "" if key is None else parse_public(_key_text(key), "--key")
    found = verified(file, public, expected)
    if json:
        show.json(found)
    elif found.fault is not None:
        show.line(sentence(found.fault))
    else:
        text = say.CHECKED.format(
            events=found.events,
            project=found.project,
            withheld=found.withheld,
            seq=found.head.seq,
            link=found.head.hash,
        )
        show.line(text)
        show.line((say.CHECKED_OWN_KEY if found.own else say.CHECKED_KEY).format(public=found.public))
    return 0 if found.fault is None else NO


def remove(
    seq: Annotated[int, Parameter(help="The number of the event.", validator=between(1))],
    /,
    *,
    reason: Annotated[str, Parameter(help="A code such as erasure; not the reason's own words.")],
    by: By = None,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Delete the body of an event for good, as the law may require. An event records that.

    Only of what an older Comporta wrote with names or sentences in it, and only where nothing that was
    decided rests on it: no check, release or number. An owner or a validator may, as the project declares.
    The chain still verifies. Projections are rebuilt without it. It cannot be undone; a copy of the ledger
    elsewhere still holds it.
    """
    from comporta.acts.upkeep.remove_event import remove_event
    from comporta.opened.project import open_project

    with open_project(project, works=True) as opened:
        event = remove_event(opened, seq, reason=reason, by=by or "")
    if json:
        show.json({"removed": seq, "head": Head(seq=event.seq, hash=event.hash)})
        return
    show.line(say.BODY_REMOVED.format(seq=seq, by=event.seq, head=event.seq, hash=event.hash))


def _chain(audit: Audit) -> None:
    from comporta.opened.sentences import sentence

    for fault in audit.faults:
        show.line(sentence(fault.message))
    if audit.count > len(audit.faults):
        show.line(say.AND_MORE.format(count=audit.count - len(audit.faults)))
    for seq, by in sorted(audit.removed.items()):
        show.line(say.REMOVED.format(seq=seq, by=by))
    if not audit.sound:
        return
    show.line(say.SOUND.format(events=audit.events, readings=len(audit.readings)))
    if audit.keyed:
        show.line(say.KEYED.format(keyed=audit.keyed))
    if audit.signed:
        show.line(say.SIGNED.format(signed=audit.signed, key=audit.public))


def _artifacts(read: ArtifactAudit) -> None:
    from comporta.opened.sentences import sentence

    for fault in read.faults:
        show.line(sentence(fault))
    if not read.faults:
        show.line(say.ARTIFACTS_SOUND.format(size=show.size(read.size), objects=read.objects))
    if read.removed:
        show.line(say.ARTIFACTS_REMOVED.format(count=read.removed))
    if read.freed:
        show.line(say.ARTIFACTS_FREED.format(count=read.freed))


def _data(read: DataAudit) -> None:
    for fault in read.faults:
        show.line(fault)
    if not read.faults:
        which = say.ONE_DATASET if read.datasets == 1 else say.DATASETS.format(count=read.datasets)
        show.line(say.DATA_SOUND.format(size=show.size(read.size), objects=read.objects, datasets=which))
    if read.open:
        show.line(say.NOT_SEALED.format(count=read.open))


def _key_text(key: str) -> str:
    """The text of the file that holds the key, or the key itself."""
    try:
        return Path(key).read_text(encoding="utf-8") if Path(key).is_file() else key
    except (OSError, UnicodeDecodeError) as error:
        raise BadProject(
            f"--key: {key} cannot be read ({error}). Name a file such as comporta.pub."
        ) from error
