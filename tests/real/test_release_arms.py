"""Releases of a plan reach every worker of a real server, also where workers are killed meanwhile."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.real.test_serve_workers import BODY, Asking, Server, until

from comporta.acts.serve.server_state import arm_tallies, serving_now
from comporta.acts.serve.serving_log import scan_all_predictions
from comporta.opened.project import OpenProject, open_root
from comporta.records import Release, Share
from comporta.records.facts import VersionReleased
from comporta.release import ROUTES

BLUE = (Share(version=1, weight=1.0), Share(version=2, weight=0, role="fallback"))
GREEN = (Share(version=2, weight=1.0), Share(version=1, weight=0, role="fallback"))
CANARY = (
    Share(version=1, weight=0.4),
    Share(version=1, weight=0.3, role="control"),
    Share(version=2, weight=0.3, role="canary"),
)


def move(opened: OpenProject, shares: tuple[Share, ...]) -> int:
    """A release of a plan; its number."""
    route = opened.ledger.get(ROUTES, "leaving")
    assert route is not None
    made = Release(
        model="leaving", number=(route.number or 0) + 1, kind="arms", shares=shares, previous=route.champion,
        by="", reason="", at=opened.now(), plan="p1",
    )  # fmt: skip
    opened.ledger.transact(lambda tx: tx.append(VersionReleased(release=made)))
    return made.number


def everywhere(opened: OpenProject, release: int, workers: int = 2) -> bool:
    """Whether each worker that lives answers by this release and has both versions in memory."""
    alive = [each.of("leaving") for each in serving_now(opened) if each.alive]
    return len(alive) == workers and all(
        each is not None and (each.release, each.versions) == (release, (1, 2)) for each in alive
    )


@pytest.fixture(scope="module")
def turn(tmp_path_factory: Any, unpack_house: Callable[[Path], Path]) -> Iterator[tuple[Server, OpenProject]]:
    folder = unpack_house(tmp_path_factory.mktemp("arms") / "shop")
    server = Server(folder, "--workers", "2")
    try:
        until(lambda: server.answering(2))
        with open_root(folder) as opened:
            yield server, opened
    finally:
        server.end()


def test_a_warm_version_takes_over_and_back_without_a_failed_request(
    turn: tuple[Server, OpenProject],
) -> None:
    server, opened = turn
    number = move(opened, BLUE)
    until(lambda: everywhere(opened, number))
    with Asking(server, clients=2) as asking:
        for shares in (GREEN, BLUE, GREEN):
            until(lambda: bool(asking.answers))
            number = move(opened, shares)
            until(lambda number=number: everywhere(opened, number))
            at = len(asking.answers)
            until(lambda at=at: len(asking.answers) > at + 4)
            assert asking.answers[-1][1] == shares[0].version
    assert not asking.failed


def test_a_worker_killed_in_a_swap_is_replaced_by_one_that_follows_and_what_it_counted_stays(
    turn: tuple[Server, OpenProject],
) -> None:
    server, opened = turn
    number = move(opened, CANARY)
    until(lambda: everywhere(opened, number))
    for unit in range(30):
        body = {**BODY, "params": {"unit": f"unit {unit}"}}
        assert server.ask("POST", "/models/leaving/invocations", body)[0] == 200
    assert server.ask("POST", "/models/leaving/invocations", BODY)[0] == 200

    def arms() -> dict[str, Any]:
        return {each.arm: each for each in arm_tallies(opened, "leaving", "p1") if each.release == number}

    found = arms()
    assert sum(each.requests for each in found.values()) == 31
    assert [found[arm].without_unit for arm in ("champion", "control", "canary")] == [1, 0, 0]
    victim = server.workers()[0]
    back = move(opened, BLUE)
    victim.send_signal(signal.SIGKILL)
    psutil.wait_procs([victim], timeout=30)
    until(lambda: everywhere(opened, back))
    for _ in range(4):
        status, said = server.ask("POST", "/models/leaving/invocations", BODY)
        assert status == 200 and '"model_versions":[1]' in said
    counted = arms()
    assert {arm: each.requests for arm, each in counted.items()} == {
        arm: each.requests for arm, each in found.items()
    }, "what the killed one counted is still there"

    def logged_or_lost() -> dict[str, int]:
        frame = scan_all_predictions(opened, "leaving").collect()
        logged = dict(frame.filter(frame["release"] == number).group_by("arm").len().rows())
        return {arm: logged.get(arm, 0) + each.unlogged for arm, each in arms().items()}

    until(lambda: logged_or_lost() == {arm: each.rows for arm, each in counted.items()})


@pytest.mark.soak
def test_swaps_go_through_whichever_worker_is_killed_between_any_of_their_steps(
    turn: tuple[Server, OpenProject],
) -> None:
    server, opened = turn
    for turn_number in range(30):
        shares = (GREEN, BLUE)[turn_number % 2]
        if turn_number % 3 == 0:
            server.workers()[turn_number % 2].send_signal(signal.SIGKILL)
        number = move(opened, shares)
        if turn_number % 3 == 1:
            server.workers()[0].send_signal(signal.SIGKILL)
        if turn_number % 3 == 2:
            for worker in server.workers():
                worker.send_signal(signal.SIGKILL)
        until(lambda number=number: everywhere(opened, number), 120)
        status, said = server.ask("POST", "/models/leaving/invocations", BODY)
        assert status == 200 and f'"model_versions":[{shares[0].version}]' in said
