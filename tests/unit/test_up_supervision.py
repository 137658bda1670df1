"""Who is started, ended and started again: a simulation of machines on which parts die at any time."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import pytest
from msgspec.structs import replace

from comporta.acts.up.part import SupervisedPart, UpOptions, parts_of
from comporta.acts.up.supervision import (
    LONGEST_PAUSE,
    STEADY,
    Command,
    CommitChanged,
    EndAsked,
    Happening,
    PartEnded,
    SignalPart,
    StartFailed,
    StartPart,
    Supervision,
    TellLine,
    TimePassed,
    begin,
    decide,
)

SERVER = SupervisedPart(name="server", command=("server",), outlives=True, grace=60.0)
CONTROL = SupervisedPart(name="control", command=("control",))
WORKER = SupervisedPart(name="worker", command=("worker",), per_commit=True)


def after(state: Supervision, *happened: tuple[float, Happening]) -> tuple[Supervision, list[Command]]:
    """The state after these, and all that was to be done."""
    done: list[Command] = []
    for now, each in happened:
        state, commands = decide(state, each, now)
        done += commands
    return state, done


def starts(commands: list[Command]) -> list[str]:
    return [each.name for each in commands if isinstance(each, StartPart)]


def lines(commands: list[Command]) -> list[str]:
    return [each.text for each in commands if isinstance(each, TellLine)]


def test_every_part_is_started_once_at_the_beginning() -> None:
    state, done = after(
        begin([SERVER, CONTROL]), (0.0, TimePassed()), (0.0, TimePassed()), (9.0, TimePassed())
    )
    assert starts(done) == ["server", "control"]
    assert [each.phase for each in state.parts] == ["running", "running"]


def test_a_part_that_dies_again_and_again_waits_twice_as_long_each_time_and_a_minute_at_most() -> None:
    state, _ = after(begin([SERVER, CONTROL]), (0.0, TimePassed()))
    now, pauses = 0.0, []
    for _ in range(9):
        state, done = after(state, (now, PartEnded(name="control", code=-9)))
        (text,) = lines(done)
        assert text.startswith("control ended: it died of SIGKILL.") and text.endswith("server goes on.")
        due = state.next_due()
        assert due is not None
        assert starts(after(state, (due - 0.001, TimePassed()))[1]) == []
        state, done = after(state, (due, TimePassed()))
        assert starts(done) == ["control"]
        pauses.append(due - now)
        now = due
    assert pauses == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]


def test_a_part_that_ran_for_a_minute_begins_to_wait_anew() -> None:
    state, _ = after(begin([CONTROL]), (0.0, TimePassed()))
    for at in (0.0, 1.0, 3.0):
        state, _ = after(state, (at, PartEnded(name="control", code=1)), (at + 60, TimePassed()))
        state = replace(state, parts=(replace(state.parts[0], since=at),))
    state, done = after(state, (3.0 + STEADY, PartEnded(name="control", code=1, line="no disk")))
    assert lines(done) == [
        "control ended: it ended itself with exit code 1. It said: no disk It is started again in 1 s."
    ]


def test_a_part_that_the_system_cannot_start_is_tried_again() -> None:
    state, _ = after(begin([CONTROL]), (0.0, TimePassed()))
    state, done = after(state, (0.0, StartFailed(name="control", why="Cannot allocate memory")))
    assert "could not be started: Cannot allocate memory" in lines(done)[0]
    assert starts(after(state, (1.0, TimePassed()))[1]) == ["control"]


def test_the_end_lets_finish_then_interrupts_then_kills_and_begins_nothing() -> None:
    state, _ = after(begin([SERVER, CONTROL]), (0.0, TimePassed()), (0.0, PartEnded(name="control", code=1)))
    signals = []
    for _ in range(3):
        state, done = after(state, (0.5, EndAsked()))
        signals += [(each.name, each.signal) for each in done if isinstance(each, SignalPart)]
    assert signals == [("server", "SIGTERM"), ("server", "SIGINT"), ("server", "SIGKILL")]
    state, done = after(state, (50.0, TimePassed()), (50.0, PartEnded(name="server", code=0)))
    assert state.is_over and starts(done) == []


def test_who_does_not_end_in_its_grace_is_killed() -> None:
    state, done = after(begin([SERVER]), (0.0, TimePassed()), (5.0, EndAsked()), (64.9, TimePassed()))
    assert state.next_due() == 65.0
    state, done = after(state, (65.0, TimePassed()))
    assert SignalPart(name="server", signal="SIGKILL") in done
    assert state.next_due() is None


def test_another_commit_replaces_only_who_holds_its_code_and_without_a_pause() -> None:
    state, _ = after(begin([SERVER, WORKER]), (0.0, TimePassed()))
    state, done = after(state, (5.0, CommitChanged()))
    assert done == [SignalPart(name="worker", signal="SIGTERM")]
    state, done = after(state, (6.0, PartEnded(name="worker", code=0)), (6.0, TimePassed()))
    assert starts(done) == ["worker"] and lines(done) == []


def test_who_ends_for_a_commit_is_not_interrupted_by_the_next_nor_by_the_end() -> None:
    """To `comporta work` a second SIGTERM is an interruption, and its job would be lost."""
    state, _ = after(begin([SERVER, WORKER]), (0.0, TimePassed()), (5.0, CommitChanged()))
    state, done = after(state, (6.0, CommitChanged()))
    assert done == [] and state.next_due() == 5.0 + WORKER.grace, "nor is it given more time"
    state, done = after(state, (7.0, EndAsked()))
    assert done[1:] == [SignalPart(name="server", signal="SIGTERM")]
    _, done = after(state, (8.0, EndAsked()))
    assert SignalPart(name="worker", signal="SIGINT") in done


def test_who_needs_code_waits_for_the_first_commit_that_loads() -> None:
    state, done = after(begin([SERVER, WORKER], has_code=False), (0.0, TimePassed()), (900.0, TimePassed()))
    assert starts(done) == ["server"]
    state, done = after(state, (901.0, CommitChanged()), (901.0, TimePassed()))
    assert starts(done) == ["worker"]


def test_a_part_that_dies_of_a_signal_without_a_name_is_started_again() -> None:
    _, done = after(begin([SERVER]), (0.0, TimePassed()), (1.0, PartEnded(name="server", code=-40)))
    assert "it died of signal 40." in lines(done)[0]


def test_a_part_that_is_not_to_be_started_again_stays_ended() -> None:
    once = replace(CONTROL, restart=False)
    state, done = after(begin([once]), (0.0, TimePassed()), (1.0, PartEnded(name="control", code=0)))
    assert state.is_over and "not started again" in lines(done)[0]


@pytest.mark.parametrize("seed", range(60))
def test_in_any_order_of_events_no_part_runs_twice_and_the_end_comes(seed: int) -> None:
    """A machine: what was started runs until it dies at random or is told to end; then that is told."""
    chance, now = random.Random(seed), 0.0
    parts = [SERVER, CONTROL, WORKER, replace(CONTROL, name="once", restart=False)]
    state, running, ends = begin(parts, has_code=chance.random() < 0.5), dict[str, float](), list[float]()
    begun: dict[str, list[float]] = {each.name: [] for each in parts}

    def tell(happened: Happening) -> None:
        nonlocal state
        state, commands = decide(state, happened, now)
        for each in commands:
            if isinstance(each, StartPart):
                assert each.name not in running, "two of one part"
                if chance.random() < 0.1:
                    tell(StartFailed(name=each.name, why="no"))
                else:
                    running[each.name] = now
                    begun[each.name].append(now)
            elif isinstance(each, SignalPart):
                assert each.name in running, "a signal to nobody"
                if each.signal == "SIGKILL" or chance.random() < 0.7:
                    ends.append(now)

    asked_at = 400.0
    while not state.is_over:
        tell(TimePassed())
        for name in tuple(running):
            told = state.end_requests or next(each for each in state.parts if each.part.name == name).kill
            if chance.random() < (0.3 if told else 0.05):
                del running[name]
                tell(PartEnded(name=name, code=chance.choice([0, 1, -9])))
        if chance.random() < 0.05:
            tell(CommitChanged())
        if now >= asked_at:
            tell(EndAsked())
            asked_at += 200.0
        now += chance.random() * 3
        assert now < 5000, "it never ends"
    assert not running and state.end_requests
    assert Counter(map(len, begun.values()))
    for times in begun.values():
        assert all(one < other for one, other in pairwise(times))
    assert len(begun["once"]) <= 1


def test_parts_say_how_the_server_is_asked_for_what_was_asked_of_up(tmp_path) -> None:
    options = UpOptions(
        port=9090,
        workers=2,
        tokens=True,
        tls_cert="/c.pem",
        tls_key="/k.pem",
        control=False,
        max_partition="30m",
    )
    server, steer, worker = parts_of(tmp_path / "project.py", options)
    assert worker.command[-4:] == ("work", "--project", f"{tmp_path}/project.py", "--end-with-input")
    assert worker.per_commit and not worker.outlives
    words = server.command[server.command.index("serve") :]
    assert words == (
        "serve", "--project", f"{tmp_path}/project.py", "--await-release", "--no-steer", "--host",
        "127.0.0.1", "--port", "9090", "--workers", "2", "--tokens", "--tls-cert", "/c.pem", "--tls-key",
        "/k.pem",
        "--max-partition", "30m",
    )  # fmt: skip
    assert server.outlives
    assert steer.command[-4:] == ("steer", "--project", f"{tmp_path}/project.py", "--end-with-input")
    assert not steer.outlives and not steer.per_commit
