"""scikit-learn is upgraded under a live champion that the new release cannot load: it goes on answering, from
its own environment; and a model made since answers beside it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from tests.real.served import ask

from comporta.acts.environment.build import put_comporta
from comporta.acts.environment.uv import find_uv
from comporta.engine.lock import environment_lock

pytestmark = pytest.mark.soak  # it installs both releases
ELSEWHERE = "one/1 answers from its own environment"
OLD, NEW = "1.8.0", "1.9.1"
PROJECT = '''
import numpy as np
import polars as pl
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from comporta import Dataset, Features, Model, Project, at_random

def read_things():
    chance = np.random.default_rng(3)
    x, z = chance.normal(size=(2, 600))
    return pl.DataFrame({"id": np.arange(600), "x": x, "z": z, "y": x * z + chance.normal(size=600) > 0})

things = Dataset("things", source=read_things, key="id")

class Boosted(ClassifierMixin, BaseEstimator):
    """Boosted trees that no ONNX form stands for."""

    def fit(self, X, y):
        self.inner_ = HistGradientBoostingClassifier(max_iter=20).fit(np.asarray(X), y)
        self.classes_ = self.inner_.classes_
        return self

    def predict_proba(self, X):
        return self.inner_.predict_proba(np.asarray(X))

    def predict(self, X):
        return self.inner_.predict(np.asarray(X))

def fit(X, y):
    return Boosted().fit(X, y)

one, other = (
    Model(
        name, features=Features(f"f{name}", of=things, known=("id", "x", "z"), use=("x", "z")), fit=fit,
        target="y", split=at_random(test=0.3), gates=(), metrics=("log_loss",), output="probability",
    )
    for name in ("one", "other")
)
project = Project("trees", models=(one, other))
'''
ROWS = {"dataframe_records": [{"id": n, "x": n / 5 - 1, "z": 1 - n / 7} for n in range(20)]}


def until(true: Callable[[], bool], seconds: float = 300.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass in time"
        time.sleep(0.2)


class Upgraded:
    """A project in a folder, and a Python in which scikit-learn is upgraded."""

    def __init__(self, home: Path) -> None:
        self.folder, self.uv = home / "project", find_uv()
        self.variables = {**os.environ, "PATH": f"{Path(self.uv).parent}:{os.environ['PATH']}"}
        self.python = home / "venv" / "bin" / "python"
        self.folder.mkdir()
        (self.folder / "project.py").write_text(PROJECT)
        self.call(self.uv, "venv", "-q", "--python", sys.executable, str(home / "venv"))
        held = [each for each in environment_lock(["sklearn"]).distributions if not each.folder]
        self.install(
            *(each.requirement for each in held if each.name != "scikit-learn"), f"scikit-learn=={OLD}"
        )
        (site,) = (home / "venv").glob("lib/*/site-packages")
        put_comporta(site)
        self.comporta("init", ".", "--bare")

    def call(self, *words: str) -> str:
        done = subprocess.run(
            words, cwd=self.folder, env=self.variables, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def install(self, *requirements: str) -> None:
        self.call(self.uv, "pip", "install", "-q", "--no-deps", "--python", str(self.python), *requirements)

    def comporta(self, *words: str) -> str:
        return self.call(str(self.python), "-m", "comporta", *words)

    @contextlib.contextmanager
    def serve(self, *words: str) -> Iterator[Served]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        log = self.folder / f"serve-{port}.log"
        with log.open("w") as out:
            process = subprocess.Popen(
                [str(self.python), "-m", "comporta", "serve", "--port", str(port), *words],
                cwd=self.folder, env=self.variables, stdout=out, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            yield Served(process, port, log)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(180) == 0, log.read_text()


class Served:
    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process, self.port, self.log = process, port, log

    def answers(self, model: str) -> list[float]:
        status, text = ask(self.port, "POST", f"/models/{model}/invocations", ROWS)
        assert status == 200, (text, self.log.read_text())
        return list(json.loads(text)["predictions"])

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError):
            return ask(self.port, "GET", "/v2/health/ready")[0] == 200
        return False

    def counts(self, workers: int) -> bool:
        """Whether so many answer."""
        with contextlib.suppress(OSError):
            return f"comporta_workers {workers}" in ask(self.port, "GET", "/metrics")[1]
        return False

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()


def test_a_champion_answers_on_while_its_library_is_upgraded_and_a_newer_model_beside_it(
    tmp_path: Path,
) -> None:
    here = Upgraded(tmp_path)
    here.comporta("run", "one")
    here.comporta("release", "one/1")
    answers: list[list[float]] = []
    failed: list[str] = []
    ending = threading.Event()
    with here.serve("--workers", "2") as server:
        until(lambda: server.is_ready() and server.counts(2))
        before = server.answers("one")

        def keep_asking() -> None:
            while not ending.is_set():
                try:
                    answers.append(server.answers("one"))
                except (OSError, AssertionError) as error:
                    failed.append(repr(error))
                time.sleep(0.02)

        asking = threading.Thread(target=keep_asking, daemon=True)
        asking.start()
        here.install(f"scikit-learn=={NEW}")
        first, second = server.workers()
        first.kill()
        # The one that takes its place cannot load it, and leaves it to the one that has it.
        until(lambda: "comporta env one/1" in server.log.read_text())
        folder = json.loads(here.comporta("env", "one/1", "--json"))["folder"]
        assert f"scikit-learn=={OLD}" in (Path(folder) / "requirements.txt").read_text()
        until(lambda: server.log.read_text().count(ELSEWHERE) == 1)
        second.kill()
        until(lambda: server.log.read_text().count(ELSEWHERE) == 2)
        here.comporta("run", "other")
        here.comporta("release", "other/1")
        until(lambda: ask(server.port, "GET", "/v2/models/other/ready")[0] == 200)
        newer = server.answers("other")
        ending.set()
        asking.join(60)
    assert (
        len(answers) > 50
        and max(map(abs, (a - b for each in answers for a, b in zip(each, before, strict=True)))) < 1e-9
    )
    # What a worker was answering when it was killed fails, and nothing else.
    assert all("Remote end closed" in each or "reset" in each for each in failed) and len(failed) <= 2, failed
    assert newer != before


def test_a_build_that_is_killed_leaves_nothing_that_counts(tmp_path: Path) -> None:
    here = Upgraded(tmp_path)
    here.comporta("run", "one")
    below = here.folder / ".comporta" / "environments"
    for wait in (0.3, 1.0, 2.0):
        shutil.rmtree(below, ignore_errors=True)
        process = subprocess.Popen(
            [str(here.python), "-m", "comporta", "env", "one/1"], cwd=here.folder, env=here.variables
        )
        until(below.is_dir)
        time.sleep(wait)
        process.kill()
        process.wait()
        whole = [
            each for each in below.iterdir() if (each / "environment.json").exists() and "." not in each.name
        ]
        assert not whole or os.access(whole[0] / "bin" / "python", os.X_OK)
        assert "distributions" in here.comporta("env", "one/1")
        assert not list(below.glob("*.draft*"))
