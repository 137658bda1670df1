"""Answers that were given and never written: found at the next start, told, and kept by model and version.

A server counts in a file beside the project, which outlives it. What a dead process answered, less what it
wrote, is lost: at most what it held for half a second, or what a full queue dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from comporta.data.names import log_of, lost_prefix, open_prefix
from comporta.data.open_rows import OpenRow, distinct_rows, open_names, rows_in
from comporta.errors import NotFound
from comporta.opened.project import OpenProject
from comporta.records import Record, decode, encode
from comporta.registry import MODELS
from comporta.serve import MetricSample, RowCounts, Tally, version_labels
from comporta.serve.tally import (
    ArmCounts,
    ArmsByModel,
    PlanArm,
    WrittenTally,
    is_abandoned,
    read_tally,
)

RowsByModelVersion = dict[tuple[str, int], int]


class ArmCount(Record, frozen=True, kw_only=True):
    """What a process counted of one arm of a plan. rows: answered; unlogged: those of them that were never
    written. The rest as in `serve.tally.ArmCounts`."""

    plan: str
    release: int
    arm: str
    version: int
    requests: int = 0
    rows: int = 0
    unlogged: int = 0
    failures: int = 0
    without_unit: int = 0
    shadow_failures: int = 0
    times: tuple[int, ...] = ()


class LostRows(Record, frozen=True, kw_only=True):
    """Rows of a model that a process answered and did not write. rows: by version. arms: all that it counted
    of the arms of plans. at: when it was found."""

    worker: str
    at: datetime
    rows: tuple[tuple[int, int], ...]
    arms: tuple[ArmCount, ...] = ()


class LossCounter:
    """Of one server process, and of those before it."""

    def __init__(self, opened: OpenProject, worker: str, say: Callable[[str], None]) -> None:
        self._opened, self._worker, self._say = opened, worker, say
        self._folder = opened.below / "serving"
        self._before: RowsByModelVersion = {}
        self.tally = Tally()

    def begin(self) -> None:
        """What dead processes left is counted; from now on this one counts, in a file where it can."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for path in sorted(self._folder.glob("*.tally")):
                self._take_in(path)
            self.tally = Tally(self._folder / f"{self._worker}.tally")
        except OSError as error:
            self._say(
                f"{self._folder}: answers cannot be counted there ({error.strerror}). Should this server be "
                "killed, nobody will know how many of its answers were not logged."
            )
        self._before = lost_rows(self._opened, self._say)

    def end(self) -> None:
        """This process ends in order: what it could not write is kept, and its file goes."""
        write_lost_rows(self._opened, self._worker, _missing(self.tally.counts()), self.tally.arms())
        self.tally.close()
        (self._folder / f"{self._worker}.tally").unlink(missing_ok=True)

    def samples(self) -> Iterator[MetricSample]:
        """What was lost before this process; its own losses the server adds."""
        for (model, version), rows in self._before.items():
            yield MetricSample("observations_lost_total", rows, version_labels(model, version), "latest")

    def _take_in(self, path: Path) -> None:
        try:
            self._count_lost(path)
        # A boundary: what an earlier process left must not keep this one from serving.
        except Exception as error:
            self._say(f"{path}: what was lost there could not be counted ({type(error).__name__}: {error}).")

    def _count_lost(self, path: Path) -> None:
        if not is_abandoned(path):
            return
        left = read_tally(path.read_bytes())
        missing, arms = left_unwritten(self._opened, path.stem, left)
        write_lost_rows(self._opened, path.stem, missing, arms)
        path.unlink(missing_ok=True)
        if missing:
            by_version = ", ".join(
                f"{rows} of {model}/{version}" for (model, version), rows in missing.items()
            )
            self._say(
                f"A server was killed ({path.stem}) with answers that were not logged yet: {by_version}. "
                "They are lost, and counted in comporta_observations_lost_total."
            )


def logged_models(opened: OpenProject) -> list[str]:
    """The models that may have a log: those that have a version."""
    return [model for model, _ in opened.ledger.scan(MODELS)]


def write_lost_rows(opened: OpenProject, worker: str, missing: RowsByModelVersion, arms: ArmsByModel) -> None:
    """What a process lost is written down, once, and what it counted of arms."""
    for model in sorted({model for model, _ in (*missing, *arms)}):
        rows = tuple(
            (version, count) for (each, version), count in sorted(missing.items()) if each == model and count
        )
        counts = tuple(arm_count(of, counts) for (each, of), counts in sorted(arms.items()) if each == model)
        if rows or counts:
            found = LostRows(worker=worker, at=opened.clock(), rows=rows, arms=counts)
            opened.store.put(f"{lost_prefix(log_of(model))}{worker}.json", encode(found))


def lost_rows(opened: OpenProject, say: Callable[[str], None]) -> RowsByModelVersion:
    """Rows that were answered and never written, by model and version, of all processes that have ended.

    say: told of a file that is no such count."""
    found: RowsByModelVersion = {}
    for model in logged_models(opened):
        for counted in read_lost_rows(opened, model, say):
            for version, rows in counted.rows:
                found[model, version] = found.get((model, version), 0) + rows
    return found


def read_lost_rows(opened: OpenProject, model: str, say: Callable[[str], None]) -> Iterator[LostRows]:
    """What each process that has ended left of this model. say: told of a file that is no such count."""
    for entry in opened.store.list(lost_prefix(log_of(model))):
        try:
            yield decode(opened.store.get(entry.name), LostRows)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            say(f"{entry.name}: found no count of lost answers, so it counts none. Delete that file.")


def arm_count(of: PlanArm, counts: ArmCounts) -> ArmCount:
    """What a process that has ended counted: what it did not write is lost."""
    rows = counts.rows
    return ArmCount(
        plan=of.plan,
        release=of.release,
        arm=of.arm,
        version=of.version,
        requests=counts.requests,
        rows=rows.answered,
        unlogged=max(0, rows.answered - rows.written),
        failures=counts.failures,
        without_unit=counts.without_unit,
        shadow_failures=counts.shadow_failures,
        times=counts.times,
    )


def left_unwritten(
    opened: OpenProject, worker: str, left: WrittenTally
) -> tuple[RowsByModelVersion, ArmsByModel]:
    """Rows that a killed process answered and that are not in the log, and what it counted of arms: what it
    wrote and could not count any more is written."""
    missing, arms = _missing(left.counts), left.arms
    for model in {model for model, _ in missing}:
        for row in _unconfirmed_rows(opened, model, worker, left.counts):
            key = (model, row.version)
            if missing.get(key):
                missing[key] -= 1
            for (name, of), counts in arms.items():
                if (name, of.version, of.release, of.arm) == (model, row.version, row.release, row.arm):
                    rows = counts.rows
                    written = min(rows.answered, rows.written + 1)
                    arms[name, of] = counts._replace(rows=rows._replace(written=written))
    return {key: rows for key, rows in missing.items() if rows}, arms


def _missing(counts: dict[tuple[str, int], RowCounts]) -> RowsByModelVersion:
    return {key: each.answered - each.written for key, each in counts.items() if each.answered > each.written}


def _unconfirmed_rows(
    opened: OpenProject, model: str, worker: str, counts: dict[tuple[str, int], RowCounts]
) -> Iterable[OpenRow]:
    """Rows that lie in the log, though their process was killed before it counted them."""
    flushes = max((each.flushes for (name, _), each in counts.items() if name == model), default=0)
    dataset = log_of(model)
    prefix = f"{open_prefix(dataset)}{worker}/"
    rows: list[OpenRow] = []
    for name in open_names(opened.store, dataset):
        if name.startswith(prefix) and int(name.removeprefix(prefix).partition(".")[0]) >= flushes:
            try:
                rows += [row for row in rows_in(name, opened.store.get(name)) if isinstance(row, OpenRow)]
            except (NotFound, msgspec.MsgspecError):
                continue
    return distinct_rows(rows)
