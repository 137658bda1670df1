"""What runs now, as the supervisor wrote it down and the system confirms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from comporta.acts.up.folder import UpFolder
from comporta.opened.deployed import CurrentCode, current_code
from comporta.opened.permission import require_permission
from comporta.opened.project import OpenProject
from comporta.records import Record

_UNREAD = timedelta(seconds=15)
State = Literal["running", "waiting", "ended", "unsupervised", "dead"]


class PartStatus(Record, frozen=True, kw_only=True):
    """state: `unsupervised` runs though its supervisor was killed; `dead` is recorded as running and is not.
    since: when it began. pid: 0 where none runs. restarts: how often it was started again. url: where it
    answers, or empty. last: how it last ended, or empty."""

    name: str
    state: State
    since: datetime
    pid: int = 0
    restarts: int = 0
    url: str = ""
    last: str = ""


class CutOffServer(Record, frozen=True, kw_only=True):
    """A server process that cannot read releases. at: when it last could."""

    worker: str
    at: datetime


class UpStatus(Record, frozen=True, kw_only=True):
    """up: whether a supervisor runs. pid, began: of the last one. log: the file of the log. code: the commit
    that builds come from; None: they come from the project's folder. cut_off: servers that answer and cannot
    read releases, also those started without a supervisor."""

    up: bool
    pid: int = 0
    began: datetime | None = None
    log: str = ""
    code: CurrentCode | None = None
    parts: tuple[PartStatus, ...] = ()
    cut_off: tuple[CutOffServer, ...] = ()


def status(folder: UpFolder) -> UpStatus:
    """What runs of the project in this folder."""
    held, record = folder.is_held(), folder.read()
    log = str(folder.log) if folder.log.exists() else ""
    cut_off = cut_off_servers(folder.home, datetime.now(UTC))
    if record is None:
        return UpStatus(up=held, log=log, cut_off=cut_off)
    parts = []
    for each in record.parts:
        alive = each.alive
        state: State = "dead"
        if alive:
            state = "running" if held else "unsupervised"
        elif held and each.phase in ("waiting", "ended"):
            state = "waiting" if each.phase == "waiting" else "ended"
        parts.append(
            PartStatus(
                name=each.name,
                state=state,
                since=each.since,
                pid=each.pid if alive else 0,
                restarts=max(0, each.starts - 1),
                url=record.urls.get(each.name, ""),
                last=each.last,
            )
        )
    return UpStatus(
        up=held,
        pid=record.pid if held else 0,
        began=record.began,
        log=log,
        code=current_code(folder.home),
        parts=tuple(parts),
        cut_off=cut_off,
    )


def cut_off_servers(home: Path, now: datetime) -> tuple[CutOffServer, ...]:
    """Servers of the project in this folder that live and have not read releases for a while."""
    if not any((home / ".comporta" / "serving").glob("*.tally")):
        return ()
    from comporta.acts.serve.server_state import servers_below

    return tuple(
        CutOffServer(worker=each.worker, at=each.at)
        for each in servers_below(home / ".comporta")
        if each.alive and each.at is not None and now - each.at > _UNREAD
    )


def status_of(opened: OpenProject) -> UpStatus:
    """The same, where who asks may see versions. Raises Forbidden."""
    require_permission(opened, "version.read")
    return status(UpFolder(opened.home))
