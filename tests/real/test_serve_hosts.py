"""Three hosts, each a folder of its own with one server in it, on one PostgreSQL ledger and one store."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import polars as pl
import psycopg
import pytest
from tests.real.test_serve_workers import Server, until

from comporta.acts.build.run import run
from comporta.acts.release.release import release
from comporta.cli.init import make
from comporta.opened.project import open_project, open_root
from comporta.records import Release, Share
from comporta.records.facts import VersionReleased

PROJECT = """
from sklearn.linear_model import LogisticRegression

from comporta import Dataset, Features, Model, Project, at_least, at_random

rows = Dataset("rows", "rows.csv", key="id")


def fit(X, y):
    return LogisticRegression(C=1.0).fit(X, y)


project = Project(
    "hosts",
    models=(
        Model(
            "ill", features=Features("ill", of=rows, known=("pulse",)), target="ill", fit=fit,
            split=at_random(0.25), gates=(at_least("accuracy", 0.5, on="value"),),
        ),
    ),
)
"""
HOSTS, SWAPS = 3, 5
_schemas = count(1)


@pytest.fixture
def hosts(tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Their folders; `ill/1` and `ill/2` are there, and the first is released."""
    schema = f"hosts_{next(_schemas)}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    monkeypatch.setenv("COMPORTA_EXECUTOR", "inline://")
    monkeypatch.setenv("COMPORTA_LEDGER", f"{postgres}&options=-csearch_path%3D{schema}")
    monkeypatch.setenv("COMPORTA_STORE", f"file://{tmp_path}/store")
    folder = tmp_path / "host-1"
    make(folder, "loans")
    rows = [{"id": each, "pulse": 60 + each % 37, "ill": each % 37 > 18} for each in range(200)]
    pl.DataFrame(rows).write_csv(folder / "rows.csv")
    for regularisation in ("1.0", "0.1"):
        (folder / "project.py").write_text(PROJECT.replace("C=1.0", f"C={regularisation}"))
        with open_project(folder, works=True) as opened:
            run(opened)
    with open_root(folder) as opened:
        release(opened, "ill/1", by="ana")
    others = [tmp_path / f"host-{each}" for each in range(2, HOSTS + 1)]
    for each in others:
        shutil.copytree(folder, each)
    return [folder, *others]


@pytest.fixture
def servers(hosts: list[Path]) -> Iterator[list[Server]]:
    started = [Server(folder, "--workers", "1") for folder in hosts]
    try:
        for server in started:
            until(lambda server=server: server.answering(1), 240)
        yield started
    finally:
        for server in started:
            server.process.send_signal(signal.SIGTERM)
        for server in started:
            server.end()


def version_of_unit(server: Server, unit: str) -> int:
    body = {"dataframe_records": [{"pulse": 70}], "params": {"unit": unit}}
    status, said = server.ask("POST", "/models/ill/invocations", body)
    assert status == 200, said
    return json.loads(said)["model_versions"][0]


def serves(server: Server) -> dict[int, float]:
    """Version → share, as the host itself reports it."""
    found = server.metric("share")
    return {int(labels.rpartition('version="')[2].split('"')[0]): share for labels, share in found.items()}


@pytest.mark.soak
def test_hosts_on_postgresql_follow_one_release_and_give_a_unit_the_same_version(
    hosts: list[Path], servers: list[Server]
) -> None:
    assert [serves(server) for server in servers] == [{1: 1.0}] * HOSTS
    took = [seconds_until_all_follow(hosts[0], servers, 2 - each % 2) for each in range(SWAPS)]
    print("seconds until all hosts answered with the version released:", [round(each, 2) for each in took])
    # The least, on a machine that does nothing else: what others do there is no part of it.
    assert min(took) < max(1.0, os.getloadavg()[0]), took
    half(hosts[-1])
    for server in servers:
        until(lambda server=server: serves(server) == {1: 0.5, 2: 0.5})
        assert server.metric("release") == {'{model="ill"}': SWAPS + 2.0}
    found = {unit: {version_of_unit(server, f"unit {unit}") for server in servers} for unit in range(24)}
    assert all(len(versions) == 1 for versions in found.values()), found
    assert {version for versions in found.values() for version in versions} == {1, 2}
    assert [server.process.poll() for server in servers] == [None] * HOSTS


def seconds_until_all_follow(folder: Path, servers: list[Server], number: int) -> float:
    """From the commit of a release on one host until each answers with it."""
    with open_root(folder) as opened:
        release(opened, f"ill/{number}", by="ana", reason="To swap.")
    began = time.monotonic()
    for server in servers:
        until(lambda server=server: version_of_unit(server, "one") == number)
    return time.monotonic() - began


def half(folder: Path) -> None:
    """Half of the units to each of two versions, released on this host."""
    with open_root(folder) as opened:
        shares = (Share(version=1, weight=0.5, role="canary"), Share(version=2, weight=0.5))
        fact = VersionReleased(
            release=Release(
                model="ill", number=SWAPS + 2, kind="release", shares=shares, previous=2, by="ana", reason="",
                at=opened.clock(),
            )
        )  # fmt: skip
        opened.ledger.transact(lambda tx: tx.append(fact))
