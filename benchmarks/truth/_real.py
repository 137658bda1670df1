"""A project in a folder of its own, run, judged and released as a user would: the real path, in one process.

Everything goes through `loop.train.run`, `loop.gate.gate` and `loop.release.release`. Steps run in this
process (`executor = "inline://"`), which starts no worker: what a step computes is the same, the limits of
its time and memory are not held. `parity` and `stress` start the server that they ask, as ever.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from comporta.loop.gate import gate, waive
from comporta.loop.house import open_house
from comporta.loop.release import release
from comporta.loop.train import run
from comporta.records import Level, Verdict, Version
from comporta.store import new_secret

TOML = 'executor = "inline://"\n'
PEOPLE = 'people=(Person("rui", "validator"),)'


class Folder:
    """A project's folder. Where its rows lie by `source="rows-*.parquet"`, `add` puts more beside them."""

    def __init__(self, root: Path, text: str, seed: int) -> None:
        self.root = root
        (root / "comporta.toml").write_text(TOML)
        key = root / "comporta.key"
        # Where rows fall in a split follows from the key: with a key by the seed a study can be made again.
        key.write_text(f"{seed:064x}\n" if seed else f"{new_secret().hex()}\n")
        key.chmod(0o600)
        self.declare(text)

    def declare(self, text: str) -> None:
        (self.root / "project.py").write_text(text)

    def add(self, tables: Mapping[str, pl.DataFrame], part: int) -> None:
        """A file of each of these tables more."""
        for name, frame in tables.items():
            frame.write_parquet(self.root / f"{name}-{part}.parquet")

    def judged(self, level: Level = "release") -> Version:
        """Fetched, built and judged, or what stands as it is judged again."""
        with open_house(self.root, works=True) as house, _quiet():
            return run(house, level=level).versions[0]

    def judged_again(self, version: str, level: Level) -> Version:
        """What is there, judged by the gates as they are now."""
        with open_house(self.root, works=True) as house, _quiet():
            return gate(house, version, level=level).version

    def release(self, version: Version) -> None:
        """Made the champion; what closes its way is waived."""
        with open_house(self.root, works=True) as house:
            now = datetime.now(UTC)
            for verdict in version.shut(now):
                until = now + timedelta(days=1)
                waive(house, version.id, verdict.check, by="rui", reason="a study", until=until)
            release(house, version.id, by="rui", reason="a study")


@contextlib.contextmanager
def folder(text: str, seed: int) -> Iterator[Folder]:
    """A project of this text, gone when the `with` ends. seed: of its key; 0: at random."""
    # Globs are looked for from where the process is, which for a user is the project's folder.
    with tempfile.TemporaryDirectory(prefix="truth-") as made, contextlib.chdir(made):
        yield Folder(Path(made).resolve(), text, seed)


def closes(verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """The required ones that keep a version out of production."""
    return tuple(each for each in verdicts if not each.opens)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without what steps and models print, which would stand between the rows of a study."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
