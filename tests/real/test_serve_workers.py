"""A server with two workers, asked without pause while versions are swapped and a worker is killed."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
from tests.real.served import ask

from comporta.acts.release.release import release
from comporta.acts.serve.serving_log import scan_all_predictions
from comporta.opened.project import open_root
from comporta.records import Release, Share
from comporta.records.facts import VersionReleased

COMPORTA = str(Path(sys.executable).parent / "comporta")
BODY = {
    "dataframe_records": [{"customer": 70, "month": "2026-08-01T00:00:00Z", "tenure": 70, "plan": "family"}]
}
SWAPS = 5
MB = 2**20


class Server:
    """`comporta serve` in a folder, until it is told to end."""

    def __init__(self, folder: Path, *words: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.folder, self.log = folder, folder / f"serve-{self.port}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [COMPORTA, "serve", "--port", str(self.port), *words],
                cwd=folder, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        return ask(self.port, method, path, body)

    def metric(self, name: str) -> dict[str, float]:
        text = self.ask("GET", "/metrics")[1]
        found = re.findall(rf"^comporta_{name}(\{{.*\}})? (\S+)$", text, re.MULTILINE)
        return {labels: float(value) for labels, value in found}

    def answering(self, workers: int) -> bool:
        with contextlib.suppress(OSError):
            return self.ask("GET", "/v2/health/ready")[0] == 200 and self.metric("workers")[""] == workers
        assert self.process.poll() is None, self.log.read_text()
        return False

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def end(self) -> str:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        return self.log.read_text()


class Asking:
    """Clients that ask without pause. answers: (time it came, version, id). failed: (time, why)."""

    def __init__(self, server: Server, clients: int = 6) -> None:
        self.server, self.ending = server, threading.Event()
        self.answers: list[tuple[float, int, str]] = []
        self.failed: list[tuple[float, str]] = []
        self.threads = [threading.Thread(target=self.keep_asking) for _ in range(clients)]

    def keep_asking(self) -> None:
        while not self.ending.is_set():
            link = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
            try:
                while not self.ending.is_set():
                    link.request(
                        "POST", "/models/leaving/invocations", json.dumps(BODY),
                        {"content-type": "application/json"},
                    )  # fmt: skip
                    reply = link.getresponse()
                    said = json.loads(reply.read())
                    if reply.status != 200:
                        self.failed.append((time.monotonic(), str(said)))
                        continue
                    self.answers.append(
                        (time.monotonic(), said["model_versions"][0], said["prediction_ids"][0])
                    )
                    time.sleep(0.005)
            except (OSError, http.client.HTTPException) as error:
                self.failed.append((time.monotonic(), repr(error)))
            finally:
                link.close()

    def __enter__(self) -> Asking:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.ending.set()
        for thread in self.threads:
            thread.join(30)


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass in time"
        time.sleep(0.05)


class Turn(NamedTuple):
    """What came of one server's life. killed: when one of its workers was."""

    swapped: Asking
    killed_under: Asking
    killed: float
    shown: dict[str, dict[str, float]]
    code: int
    said: str
    logged: dict[str, str]

    @property
    def answers(self) -> list[tuple[float, int, str]]:
        return [*self.swapped.answers, *self.killed_under.answers]


def swap(server: Server, asking: Asking, times: int) -> None:
    """Releases one version after the other, each once the one before answers."""
    with open_root(server.folder) as opened:
        for number in range(times):
            to = 1 + number % 2
            release(opened, f"leaving/{to}", by="rui", reason="To swap.")
            until(lambda to=to: bool(asking.answers) and asking.answers[-1][1] == to)


@pytest.fixture(scope="module")
def turn(tmp_path_factory: pytest.TempPathFactory, unpack_house: Callable[[Path], Path]) -> Turn:
    folder = unpack_house(tmp_path_factory.mktemp("workers") / "shop")
    server = Server(folder, "--workers", "2")
    try:
        until(lambda: server.answering(2))
        with Asking(server) as swapped:
            swap(server, swapped, SWAPS)
        with Asking(server) as killed_under:
            time.sleep(1.2)  # so that each has written some of its answers
            victim = server.workers()[0]
            killed = time.monotonic()
            victim.kill()
            until(lambda: server.metric("worker_restarts_total")[""] == 1 and server.answering(2))
            time.sleep(1.0)
        until(lambda: server.metric("observations_waiting")[""] == 0)
        time.sleep(0.6)  # what another worker counts is told twice a second
        names = ("requests_total", "observations_written_total", "observations_lost_total")
        shown = {name: server.metric(name) for name in names}
    finally:
        said = server.end()
    with open_root(folder) as opened:
        log = scan_all_predictions(opened, "leaving").collect()
    logged = dict(log.select("id", "worker").iter_rows())
    return Turn(swapped, killed_under, killed, shown, server.process.returncode, said, logged)


def test_versions_are_swapped_over_all_workers_without_a_failed_request(turn: Turn) -> None:
    assert turn.swapped.failed == []
    versions = [version for _, version, _ in sorted(turn.swapped.answers)]
    changes = [one for one, before in zip(versions, [0, *versions], strict=False) if one != before]
    assert changes[0] == 2 and {1, 2} == set(changes)


def test_all_workers_let_a_release_answer_within_a_second(turn: Turn) -> None:
    """Between two swaps no answer of the version before comes a second after the first of the new."""
    began: dict[int, float] = {}
    current = 2
    for at, version, _ in sorted(turn.swapped.answers):
        if version != current and at - began.get(current, 0.0) > 1.0:
            began[version], current = at, version
        elif version != current:
            assert at - began.get(current, at) < 1.0


def test_one_that_is_killed_fails_what_it_had_and_no_other_request(turn: Turn) -> None:
    assert [why for at, why in turn.killed_under.failed if at > turn.killed + 1.0] == []
    assert len(turn.killed_under.failed) <= 2 * len(turn.killed_under.threads)
    assert [at for at, _, _ in turn.killed_under.answers if at > turn.killed + 0.5]
    assert "worker 1 ended: it died of SIGKILL." in turn.said and "the others go on" in turn.said


def test_each_answer_is_in_the_log_under_an_id_of_its_own_or_counted_as_lost(turn: Turn) -> None:
    ids = {id for _, _, id in turn.answers}
    assert len(ids) == len(turn.answers)
    missing = ids - turn.logged.keys()
    lost = sum(turn.shown["observations_lost_total"].values())
    assert len(missing) <= lost <= len(missing) + len(turn.killed_under.failed)


def test_clients_that_go_on_asking_find_the_worker_that_took_the_place_of_another(turn: Turn) -> None:
    ids = {id for _, _, id in turn.killed_under.answers}
    assert len({turn.logged[id] for id in ids & turn.logged.keys()}) == 3


def test_metrics_count_what_all_workers_did_that_of_the_killed_one_too(turn: Turn) -> None:
    answers = len(turn.answers)
    written = sum(turn.shown["observations_written_total"].values())
    lost = sum(turn.shown["observations_lost_total"].values())
    asked = turn.shown["requests_total"]['{route="invoke",status="200"}']
    # All but what the one that was killed had not told yet.
    untold = [at for at, _, _ in turn.killed_under.answers if turn.killed - 0.7 < at < turn.killed + 0.1]
    most = answers + len(turn.killed_under.failed)
    assert answers - len(untold) <= written + lost <= most
    assert answers - len(untold) <= asked <= most


def test_told_to_end_the_server_and_all_its_workers_end_in_order(turn: Turn) -> None:
    assert turn.code == 0
    assert turn.said.count("Comporta serves on") == 1
    assert "Traceback" not in turn.said


def test_a_port_that_is_taken_is_one_error_and_no_worker_begins(
    tmp_path: Path, unpack_house: Callable[[Path], Path]
) -> None:
    folder = unpack_house(tmp_path / "shop")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [COMPORTA, "serve", "--workers", "2", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert re.fullmatch(
        r"127\.0\.0\.1:\d+: cannot listen there \(.*\)\. Choose another with --port\.\n", done.stderr
    )


def canary(folder: Path) -> None:
    """Half of the units to each of two versions."""
    with open_root(folder) as opened:
        shares = (Share(version=1, weight=0.5, role="canary"), Share(version=2, weight=0.5))
        fact = VersionReleased(
            release=Release(
                model="leaving", number=5, kind="release", shares=shares, previous=2, by="rui", reason="",
                at=opened.clock(),
            )
        )  # fmt: skip
        opened.ledger.transact(lambda tx: tx.append(fact))


def test_servers_on_one_ledger_follow_one_release_and_give_a_unit_the_same_version(
    tmp_path: Path, unpack_house: Callable[[Path], Path]
) -> None:
    folder = unpack_house(tmp_path / "shop")
    servers = [Server(folder, "--workers", "1") for _ in range(3)]
    try:
        for server in servers:
            until(lambda server=server: server.answering(1))
        canary(folder)
        share = '{model="leaving",version="1"}'
        for server in servers:
            until(lambda server=server: server.metric("share").get(share) == 0.5)
            assert server.metric("release")['{model="leaving"}'] == 5
        found = {unit: {version_of_unit(server, f"unit {unit}") for server in servers} for unit in range(12)}
        assert all(len(versions) == 1 for versions in found.values())
        assert {version for versions in found.values() for version in versions} == {1, 2}
    finally:
        for server in servers:
            server.process.send_signal(signal.SIGTERM)
        for server in servers:
            server.end()


def version_of_unit(server: Server, unit: str) -> int:
    status, said = server.ask("POST", "/models/leaving/invocations", {**BODY, "params": {"unit": unit}})
    assert status == 200, said
    return json.loads(said)["model_versions"][0]


@pytest.mark.soak
def test_a_hundred_swaps_fail_no_request_and_the_memory_of_old_versions_is_freed(
    tmp_path: Path, unpack_house: Callable[[Path], Path]
) -> None:
    server = Server(unpack_house(tmp_path / "shop"), "--workers", "2")
    try:
        until(lambda: server.answering(2))
        with Asking(server) as asking:
            swap(server, asking, 20)
            before = sum(each.memory_full_info().uss for each in server.workers())
            swap(server, asking, 80)
            after = sum(each.memory_full_info().uss for each in server.workers())
    finally:
        server.end()
    assert asking.failed == []
    assert after - before < 40 * MB
