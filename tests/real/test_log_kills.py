"""A project's server killed at any moment: what it answered and did not write is known at the next start."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.real.served import ask

from comporta.acts.serve.lost_rows import lost_rows
from comporta.acts.serve.serving_log import scan_all_feedback, scan_all_predictions, seal_all
from comporta.data.rejected import read_rejected
from comporta.opened.project import open_project

CHILD = Path(__file__).with_name("log_kills_child.py")
ROW = {"customer": 70, "month": "2026-08-01T00:00:00Z", "tenure": 70, "plan": "family"}
WORTH = {"order": 9, "items": 3, "express": True}


class Server:
    """A process that serves the project, until it is killed or told to end."""

    def __init__(self, folder: Path, *flags: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.process = subprocess.Popen(
            [sys.executable, "-u", str(CHILD), str(folder), str(self.port), *flags],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if self.ask("GET", "/v2/health/ready")[0] == 200:
                    break
            except OSError:
                pass
            time.sleep(0.05)
        else:
            self.process.kill()
            raise AssertionError(self.process.communicate()[0])

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        return ask(self.port, method, path, body)

    def answers(self, model: str, rows: list[dict[str, Any]], **params: Any) -> list[str]:
        body = {"dataframe_records": rows, **({"params": params} if params else {})}
        status, said = self.ask("POST", f"/models/{model}/invocations", body)
        assert status == 200, said
        return json.loads(said)["prediction_ids"]

    def metric(self, name: str) -> dict[str, float]:
        text = self.ask("GET", "/metrics")[1]
        return {
            labels: float(value)
            for labels, value in re.findall(rf"^comporta_{name}(\{{.*\}})? (\S+)$", text, re.MULTILINE)
        }

    def kill(self) -> str:
        self.process.kill()
        return self.process.communicate()[0]

    def end(self) -> str:
        self.process.send_signal(signal.SIGTERM)
        said = self.process.communicate(timeout=60)[0]
        assert self.process.returncode == 0, said
        return said


def logged(folder: Path, model: str) -> set[str]:
    with open_project(folder) as opened:
        return set(scan_all_predictions(opened, model).collect()["id"])


@pytest.fixture
def answered(folder: Path) -> Iterator[tuple[Path, dict[str, set[str]]]]:
    """A folder whose server was killed while it answered, and the ids that clients had got."""
    server, got = Server(folder), {"leaving": set[str](), "worth": set[str]()}
    end = time.monotonic() + 1.2
    while time.monotonic() < end:
        got["leaving"].update(server.answers("leaving", [ROW] * 3))
        got["worth"].update(server.answers("worth", [WORTH]))
    server.kill()
    yield folder, got


def test_what_a_killed_server_did_not_write_is_counted_told_and_kept(answered) -> None:
    folder, got = answered
    gone = {model: len(ids - logged(folder, model)) for model, ids in got.items()}
    assert sum(gone.values()) > 0, "the kill came at a moment when nothing was waiting"
    assert all(len(ids) > gone[model] for model, ids in got.items()), "nothing was written at all"
    server = Server(folder)
    shown = server.metric("observations_lost_total")
    said = server.end()
    expected = {("leaving", 2): gone["leaving"], ("worth", 1): gone["worth"]}
    assert {key: count for key, count in expected.items() if count} == lost_of(folder)
    for (model, version), count in expected.items():
        if count:
            assert shown[f'{{model="{model}",version="{version}"}}'] == count
            assert f"{count} of {model}/{version}" in said
    (line,) = [line for line in said.splitlines() if line.startswith("A server was killed")]
    assert "comporta_observations_lost_total" in line
    # It stays known, and is told once.
    server = Server(folder)
    assert server.metric("observations_lost_total")['{model="leaving",version="2"}'] == gone["leaving"]
    assert "A server was killed" not in server.end()
    assert not list((folder / ".comporta" / "serving").glob("*"))


def lost_of(folder: Path) -> dict[tuple[str, int], int]:
    with open_project(folder) as opened:
        return lost_rows(opened, print)


def test_rows_of_the_killed_that_another_process_sealed_are_not_counted_as_lost(answered) -> None:
    folder, got = answered
    with open_project(folder) as opened:
        seal_all(opened)
    gone = {model: len(ids - logged(folder, model)) for model, ids in got.items()}
    Server(folder).end()
    assert lost_of(folder).get(("leaving", 2), 0) == gone["leaving"]


def test_a_server_that_ends_in_order_or_is_durable_loses_nothing(folder: Path) -> None:
    server = Server(folder)
    ids = server.answers("leaving", [ROW] * 4)
    server.end()
    assert set(ids) <= logged(folder, "leaving")
    server = Server(folder, "durable")
    ids = [server.answers("worth", [WORTH])[0] for _ in range(20)]
    server.kill()
    assert set(ids) <= logged(folder, "worth")
    said = Server(folder).end()
    assert "A server was killed" not in said and lost_of(folder) == {}


def test_a_request_of_the_last_second_of_time_ends_no_sealing(folder: Path) -> None:
    server = Server(folder, "seals")
    times = ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999+00:00")
    ids = [id for at in times for id in server.answers("leaving", [ROW], time=at)]
    for wrong in ("9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", "10000-01-01T00:00:00Z"):
        body = {"dataframe_records": [ROW], "params": {"time": wrong}}
        assert server.ask("POST", "/models/leaving/invocations", body)[0] == 400
    for at in times:
        assert server.ask("POST", "/feedback", {"id": ids[0], "label": True, "at": at})[0] == 200
    until(lambda: not open_objects(folder))
    ids += server.answers("leaving", [ROW])
    until(lambda: ids[-1] in logged(folder, "leaving") and not open_objects(folder))
    assert set(server.metric("seal_failures_total").values()) == {0}
    assert server.metric("seal_last_seconds")['{log="predictions.leaving"}'] > time.time() - 60
    assert "sealing failed" not in server.end()
    assert set(ids) <= logged(folder, "leaving")
    with open_project(folder) as opened:
        assert scan_all_feedback(opened).collect().filter(id=ids[0]).height == 3


def test_a_row_that_cannot_be_sealed_is_told_counted_and_shown_and_the_rest_goes_on(folder: Path) -> None:
    server = Server(folder, "seals")
    place = folder / ".comporta/store/data/predictions.leaving/open/other"
    place.mkdir(parents=True)
    (place / "000000000000.jsonl").write_bytes(b'{"id":"poison","model":"leaving","version":2}')
    ids = server.answers("leaving", [ROW])
    until(lambda: not open_objects(folder))
    # A moment later: the server counts what was sealed once it is.
    until(lambda: server.metric("seal_rows_rejected_total")['{log="predictions.leaving"}'] == 1)
    assert "1 rows could not be sealed and were set aside (time_missing 1)" in server.end()
    assert set(ids) <= logged(folder, "leaving")
    with open_project(folder) as opened:
        (aside,) = read_rejected(opened.store, "predictions.leaving")
    assert aside.causes == {"time_missing": 1}
    shown = comporta(folder, "data", "rejected")
    assert "time_missing" in shown and "The row has no time." in shown
    assert "1 rows are open again" in comporta(folder, "data", "rejected", "--retry")
    assert len(open_objects(folder, "predictions.leaving")) == 1
    told = " ".join(comporta(folder, "data", "rejected").split())
    assert "No rejected rows now. Open rows, to be sealed next: 1." in told


def comporta(folder: Path, *words: str) -> str:
    command = [str(Path(sys.executable).parent / "comporta"), *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def test_a_log_whose_sealing_fails_keeps_no_other_waiting_and_is_tried_again(folder: Path) -> None:
    damaged = folder / ".comporta/store/data/predictions.leaving/log"
    damaged.mkdir(parents=True)
    (damaged / f"{1:020d}.json").write_bytes(b"rubbish")
    server = Server(folder, "seals")
    leaving, worth = server.answers("leaving", [ROW]), server.answers("worth", [WORTH])
    until(lambda: not open_objects(folder, "predictions.worth"))
    until(lambda: server.metric("seal_failures_total")['{log="predictions.leaving"}'] >= 2)
    shutil.rmtree(damaged)
    until(lambda: not open_objects(folder))
    said = server.end()
    assert "predictions.leaving: sealing failed (" in said
    assert "predictions.leaving: sealed again, after" in said
    assert set(leaving) <= logged(folder, "leaving") and set(worth) <= logged(folder, "worth")


def open_objects(folder: Path, log: str = "*") -> list[Path]:
    return list((folder / ".comporta/store/data").glob(f"{log}/open/*/*.*"))


def until(true: Any, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass in time"
        time.sleep(0.05)
