"""A project in a folder of its own, run, judged and released as a user would: the real path, in one process.

Everything goes through `loop.train.run`, `loop.release.release` and `loop.log.Log`. Steps run in this
process (`executor = "inline://"`), which starts no worker: what a step computes is the same, the limits of
its time and memory are not held. `parity` and `stress` start the server that they ask, as ever.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from comporta.acts.build.run import run
from comporta.acts.judge.waive import waive
from comporta.acts.release.release import release
from comporta.acts.serve.serving_log import PredictionLog
from comporta.data import accept_columns
from comporta.data.sources import columns_of
from comporta.opened.project import open_project
from comporta.records import Feedback, Level, Observation, Version

TOML = 'executor = "inline://"\n'


class Folder:
    """A project's folder. Where its rows lie by `source="rows-*.parquet"`, `add` puts more beside them.

    The process must be in it: that is where globs are looked for. Each seed is a key of its own."""

    def __init__(self, root: Path, text: str, seed: int) -> None:
        self.root = root
        (root / "comporta.toml").write_text(TOML)
        key = root / "comporta.key"
        # Where rows fall in a split follows from the key: with a key by the seed a study can be made again.
        key.write_text(f"{seed:064x}\n")
        key.chmod(0o600)
        self.declare(text)

    def declare(self, text: str) -> None:
        (self.root / "project.py").write_text(text)

    def add(self, tables: Mapping[str, pl.DataFrame], part: int) -> None:
        """A file of each of these tables more."""
        for name, frame in tables.items():
            frame.write_parquet(self.root / f"{name}-{part}.parquet")

    def accept(self, dataset: str) -> None:
        """That it has other columns now, as `comporta data accept` does."""
        with open_project(self.root, works=True) as opened:
            columns = columns_of(opened.project.tables()[dataset].source, opened.root, dataset)
            accept_columns(opened.store, opened.keys, dataset, columns, now=opened.clock())

    def judged(self, level: Level = "release") -> Version:
        """Fetched, built and judged, or what stands as it is judged again."""
        with open_project(self.root, works=True) as opened, _quiet():
            return run(opened, level=level).versions[0]

    def release(self, version: Version) -> None:
        """Made the champion; what closes its way is waived."""
        with open_project(self.root, works=True) as opened:
            now = datetime.now(UTC)
            for verdict in version.blocking_verdicts(now):
                until = now + timedelta(days=1)
                waive(opened, version.id, verdict.check, by="rui", reason="a study", until=until)
            release(opened, version.id, by="rui", reason="a study")

    def log(self, rows: pl.DataFrame, known: Sequence[str], target: str) -> None:
        """What production asked of the champion, and what came true: `known` columns of these rows."""
        asked = [_asked(row, known) for row in rows.iter_rows(named=True)]
        with open_project(self.root, works=True) as opened:
            name, now = opened.project.models[0].name, datetime.now(UTC)
            told = [
                Feedback(id=each["id"], label=label, arrived=now)
                for each, label in zip(asked, rows[target], strict=True)
            ]
            with PredictionLog(opened) as log:
                log.write(name, [Observation(model=name, version=1, output={}, **each) for each in asked])
                log.feedback(told)


def _asked(row: dict[str, Any], known: Sequence[str]) -> dict[str, Any]:
    inputs = {name: row[name].isoformat() if isinstance(row[name], datetime) else row[name] for name in known}
    return {"id": f"p{row['id']}", "at": row["at"], "inputs": inputs, "key": f"k{row['id']}"}


@contextlib.contextmanager
def folder(text: str, seed: int) -> Iterator[Folder]:
    """A project of this text, gone when the `with` ends. seed: of its key."""
    with tempfile.TemporaryDirectory(prefix="truth-") as made, contextlib.chdir(made):
        yield Folder(Path(made).resolve(), text, seed)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what steps and models print, which would stand between the rows of a study."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
