"""Answers that were given and never written: found at the next start, told, and kept by model and version.

A server counts in a file beside the project, which outlives it. What a dead process answered, less what it
wrote, is lost: at most what it held for half a second, or what a full queue dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from comporta.serve.tally import is_abandoned, read_tally

RowsByModelVersion = dict[tuple[str, int], int]


class LostRows(Record, frozen=True, kw_only=True):
    """Rows of a model that a process answered and did not write. rows: by version. at: when it was found."""

    worker: str
    at: datetime
    rows: tuple[tuple[int, int], ...]


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
        write_lost_rows(self._opened, self._worker, _missing(self.tally.counts()))
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
        counts = read_tally(path.read_bytes())
        missing = _missing(counts)
        for model in {model for model, version in missing}:
            for version, rows in _unconfirmed_rows(self._opened, model, path.stem, counts).items():
                if (model, version) in missing:
                    missing[model, version] = max(0, missing[model, version] - rows)
        missing = {key: rows for key, rows in missing.items() if rows}
        write_lost_rows(self._opened, path.stem, missing)
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


def write_lost_rows(opened: OpenProject, worker: str, missing: RowsByModelVersion) -> None:
    """What a process lost is written down, once."""
    for model in sorted({model for model, _ in missing}):
        rows = tuple(
            (version, count) for (each, version), count in sorted(missing.items()) if each == model and count
        )
        if rows:
            found = LostRows(worker=worker, at=opened.clock(), rows=rows)
            opened.store.put(f"{lost_prefix(log_of(model))}{worker}.json", encode(found))


def lost_rows(opened: OpenProject, say: Callable[[str], None]) -> RowsByModelVersion:
    """Rows that were answered and never written, by model and version, of all processes that have ended.

    say: told of a file that is no such count."""
    found: RowsByModelVersion = {}
    for model in logged_models(opened):
        for entry in opened.store.list(lost_prefix(log_of(model))):
            try:
                counted = decode(opened.store.get(entry.name), LostRows).rows
            except (msgspec.MsgspecError, UnicodeDecodeError):
                say(f"{entry.name}: found no count of lost answers, so it counts none. Delete that file.")
                continue
            for version, rows in counted:
                found[model, version] = found.get((model, version), 0) + rows
    return found


def _missing(counts: dict[tuple[str, int], RowCounts]) -> RowsByModelVersion:
    return {key: each.answered - each.written for key, each in counts.items() if each.answered > each.written}


def _unconfirmed_rows(
    opened: OpenProject, model: str, worker: str, counts: dict[tuple[str, int], RowCounts]
) -> dict[int, int]:
    """Rows by version that lie in the log, though their process was killed before it counted them."""
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
    found: dict[int, int] = {}
    for row in distinct_rows(rows):
        found[row.version] = found.get(row.version, 0) + 1
    return found
