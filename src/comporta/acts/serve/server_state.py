"""What the servers of a project tell whoever steers a release: what each has in memory, and what came of each
arm. Read from the files beside the project in which they count, also of processes that were killed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from msgspec.structs import replace

from comporta.acts.serve.lost_rows import ArmCount, arm_count, left_unwritten, read_lost_rows
from comporta.opened.project import OpenProject
from comporta.records import Record, decode
from comporta.serve.server_now import ModelNow, ToldNow
from comporta.serve.tally import WrittenTally, is_abandoned, read_file

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ServerNow(Record, frozen=True, kw_only=True):
    """One server process: of a server with several workers each. at: when it last could read releases; None:
    not yet. alive: whether the process is there. It may be stopped all the same: then `at` stands still."""

    worker: str
    at: datetime | None
    alive: bool
    models: tuple[ModelNow, ...]

    def of(self, model: str) -> ModelNow | None:
        """What it tells of this model."""
        return next((each for each in self.models if each.model == model), None)


def serving_now(opened: OpenProject) -> tuple[ServerNow, ...]:
    """What each server process on this machine serves that has begun on this project, the dead among them
    until another begins. Raises OSError."""
    return servers_below(opened.below)


def servers_below(below: Path) -> tuple[ServerNow, ...]:
    """The same of a project that is not opened. below: its folder for files that can be rebuilt."""
    found = []
    for path, alive, written in _tallies(below):
        try:
            models = decode(written.record, ToldNow).models if written.record else ()
        except msgspec.MsgspecError:  # of another release of Comporta
            models = ()
        at = _EPOCH + timedelta(microseconds=written.looked // 1000) if written.looked else None
        found.append(ServerNow(worker=path.stem, at=at, alive=alive, models=models))
    return tuple(found)


def arm_tallies(opened: OpenProject, model: str, plan: str) -> tuple[ArmCount, ...]:
    """What all server processes together counted of the arms of a plan, by release and arm, since it began.

    unlogged: rows that were answered and are not in the log, nor will be: units of their arm whose outcome
    nobody will know. Of a process that lives, those that it dropped; not what it has still to write. Raises
    OSError.
    """
    counted: dict[str, list[ArmCount]] = {}
    for path, alive, written in _tallies(opened.below):
        arms = written.arms
        if not alive:
            _, arms = left_unwritten(opened, path.stem, written)
        counted[path.stem] = [
            replace(arm_count(of, counts), unlogged=counts.rows.lost) if alive else arm_count(of, counts)
            for (name, of), counts in arms.items()
            if name == model
        ]
    # After the files: a process that ends meanwhile writes its counts down before its file goes.
    for left in read_lost_rows(opened, model, lambda line: None):
        counted[left.worker] = list(left.arms)
    found: dict[tuple[int, str, int], ArmCount] = {}
    for each in (each for counts in counted.values() for each in counts):
        if each.plan == plan:
            key = (each.release, each.arm, each.version)
            found[key] = each if key not in found else _add(found[key], each)
    return tuple(found[key] for key in sorted(found))


def _tallies(below: Path) -> Iterator[tuple[Path, bool, WrittenTally]]:
    """Each file of a server process, and whether that lives."""
    for path in sorted((below / "serving").glob("*.tally")):
        # Asked first: one that ends in between has counted no more.
        alive = not is_abandoned(path)
        if (written := read_file(path)) is not None:
            yield path, alive, written


def _add(one: ArmCount, other: ArmCount) -> ArmCount:
    times = tuple(a + b for a, b in zip(one.times, other.times, strict=True))
    return replace(
        one,
        requests=one.requests + other.requests,
        rows=one.rows + other.rows,
        unlogged=one.unlogged + other.unlogged,
        failures=one.failures + other.failures,
        without_unit=one.without_unit + other.without_unit,
        shadow_failures=one.shadow_failures + other.shadow_failures,
        times=times,
    )
