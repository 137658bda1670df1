"""A tiny project asked by real `comporta` processes, as a person at a terminal would."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest

from comporta.engine import RUNS, STEPS
from comporta.ledger import Audit, Ledger, open_ledger, verify
from comporta.opened.project import PROJECTIONS
from comporta.records import Run
from comporta.store import derive, read_secret

HEAD = "from comporta import Column, Dataset, Features, Limits, Model, Project, at_least\n"
ROWS = """

def rows():
    import polars as pl

    n = 300
    x = [float(i * 37 % 101) for i in range(n)]
    y = [i * 37 % 101 > 50 for i in range(n)]
    return pl.DataFrame({"id": range(n), "x": x, "y": y})
"""
FIT = """

def fit(X, y):
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression().fit(X, y)
"""
DECLARED = """

points = Dataset("points", source=rows, key="id", columns=(Column("x", at_least=0.0),))
seen = Features("seen", of=points, known=("id", "x"), use=("x",))
high = Model(
    "high",
    features=seen,
    target="y",
    fit=fit,
    limits=Limits(),
    gates=(at_least("roc_auc", 0.5),),
)
project = Project("tiny", models=(high,))
"""
_PROGRESS = re.compile(r"(done|failed|skipped|waiting|started|reused) ")


class CompletedCommand(NamedTuple):
    """How a command ended. message: what it told on stderr beside its progress."""

    code: int
    out: str
    err: str

    @property
    def message(self) -> str:
        return "\n".join(line for line in self.err.splitlines() if line and not _PROGRESS.match(line))

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def __str__(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.out}--- stderr\n{self.err}"


class Folder:
    """A project's folder, and what a person does in it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, *, head: str = HEAD, rows: str = ROWS, fit: str = FIT, declared: str = DECLARED) -> None:
        """The project file, whole or with one of its parts another."""
        (self.root / "project.py").write_text(head + rows + fit + declared)

    def fits(self, *lines: str) -> None:
        """The project with this body of `fit`."""
        self.write(fit="\n\ndef fit(X, y):\n" + "".join(f"    {line}\n" for line in lines))

    def edit(self, old: str, new: str) -> None:
        """One place of the project file written anew."""
        file = self.root / "project.py"
        text = file.read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in project.py"
        file.write_text(text.replace(old, new))

    def start(self, *words: str, before: Sequence[str] = (), **env: str) -> subprocess.Popen[str]:
        """`comporta WORDS` under way. before: what runs it."""
        return subprocess.Popen(
            [*before, sys.executable, "-m", "comporta", *words],
            cwd=self.root,
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def say(self, *words: str, **env: str) -> CompletedCommand:
        """`comporta WORDS` to its end."""
        return self.ended(self.start(*words, **env))

    def refused(self, *words: str, **env: str) -> str:
        """What it says when it is refused with one short message, and exit code 2."""
        said = self.say(*words, **env)
        self.clear(said)
        return said.message

    def goes_on(self, *anew: str) -> None:
        """The next good run ends well and asks nothing again but sources, and the steps named `anew`."""
        self.write()
        done = self.say("run", "--json")
        assert done.code == 0, str(done)
        run = done.json["run"]
        asked = run["nodes"].keys() - set(run["reused"])
        assert asked <= {"data points", *anew}, f"asked again: {asked}"
        assert self.audit().faults == ()
        assert self.processes() == []
        assert list((self.root / ".comporta/runs").iterdir()) == [], "no run left anything"

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """Its ledger, opened beside it."""
        keys = derive(read_secret("file://comporta.key", self.root))
        url = "sqlite:///.comporta/ledger.db"
        opened = open_ledger(
            url, PROJECTIONS, key=keys.chain, clock=lambda: datetime.now(UTC), root=self.root
        )
        try:
            yield opened
        finally:
            opened.close()

    def audit(self) -> Audit:
        """What `comporta audit verify` finds."""
        keys = derive(read_secret("file://comporta.key", self.root))
        with self.ledger() as ledger:
            return verify(ledger, PROJECTIONS, keys.chain, None)

    def runs(self) -> list[Run]:
        """Its runs, the newest first."""
        with self.ledger() as ledger:
            return [run for _, run in ledger.scan(RUNS, newest=True)]

    def reason(self) -> str:
        """Why the newest run ended as it did, as `comporta runs` tells it."""
        told = self.say("runs", "--json")
        assert told.code == 0, str(told)
        return str(json.loads(told.out)[0]["reason"])

    def recorded(self) -> bytes:
        """Every byte of the ledger's files, read when no one has them open."""
        assert self.gone()
        return b"".join(file.read_bytes() for file in (self.root / ".comporta").glob("ledger.db*"))

    def output(self, node: str, name: str) -> Path:
        """The file of what this step of the newest run made."""
        recipe = self.runs()[0].nodes[node]
        with self.ledger() as ledger:
            step = ledger.get(STEPS, recipe)
        assert step is not None
        digest = step.outputs[name].digest
        return self.root / ".comporta/store/artifacts" / digest[:2] / digest

    def processes(self) -> list[list[str]]:
        """Living processes that work in this folder."""
        found = []
        for each in psutil.process_iter(["cmdline", "status", "cwd"]):
            known = each.info
            if known["status"] != psutil.STATUS_ZOMBIE and known["cwd"] == str(self.root):
                found.append(known["cmdline"])
        return found

    def gone(self, seconds: float = 5.0) -> bool:
        """Whether every process of this folder has ended within so long."""
        return self.within(seconds, lambda: not self.processes())

    @staticmethod
    def kill(pid: int, number: int = signal.SIGKILL) -> None:
        os.kill(pid, number)

    @staticmethod
    def ended(process: subprocess.Popen[str]) -> CompletedCommand:
        """How a command under way ends."""
        try:
            out, err = process.communicate(timeout=120)
        finally:
            process.kill()
        return CompletedCommand(process.returncode, out, err)

    @staticmethod
    def clear(said: CompletedCommand, code: int = 2) -> None:
        """It ended with this code and one short message: no traceback, no fault of ours, no result."""
        assert said.code == code, str(said)
        assert "Traceback" not in said.err, str(said)
        assert "fault in Comporta" not in said.err, str(said)
        assert 10 < len(said.message) < 1500, str(said)
        assert said.out == "", str(said)

    @staticmethod
    def within(seconds: float, holds: Callable[[], bool]) -> bool:
        """Whether it holds before so many seconds have passed."""
        until = time.monotonic() + seconds
        while not (held := holds()) and time.monotonic() < until:
            time.sleep(0.02)
        return held


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the tiny project was run once. To be copied."""
    folder = Folder(tmp_path_factory.mktemp("trained").resolve())
    folder.write()
    assert folder.say("init", ".").code == 0
    # One worker: what is tested here is not how quick it is.
    (folder.root / "comporta.toml").write_text('executor = "local://?workers=1&threads=1"\n')
    done = folder.say("run")
    assert done.code == 0, str(done)
    return folder.root


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Iterator[Folder]:
    """A trained project's folder of one's own. No process may stay in it."""
    root = tmp_path.resolve() / "tiny"
    shutil.copytree(trained, root)
    folder = Folder(root)
    yield folder
    assert folder.gone(), folder.processes()


@pytest.fixture
def untrained(trained: Path, tmp_path: Path) -> Folder:
    """The same before its first run."""
    root = tmp_path.resolve() / "new"
    shutil.copytree(trained, root, ignore=shutil.ignore_patterns(".comporta"))
    return Folder(root)
