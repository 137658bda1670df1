"""A run that Python asked for shows a bar in a terminal, after a while, and nothing anywhere else."""

from __future__ import annotations

import io
import time

import pytest

from comporta.api.progress import run_progress


class Terminal(io.StringIO):
    """A stderr that says whether it is a terminal."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def run(monkeypatch: pytest.MonkeyPatch, *, terminal: bool, after: float) -> str:
    """What stderr got of a run of three steps that takes a fifth of a second."""
    stderr = Terminal(terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", stderr)
    with run_progress(None, after) as report:
        if report is not None:
            for step in ("fit late", "data weather", "score late"):
                report(step, "planned", 0.0)
            report("fit late", "started", 0.0)
            report("data weather", "reused", 0.0)
        time.sleep(0.2)
    return stderr.getvalue()


def test_in_a_terminal_a_run_that_takes_long_shows_how_many_steps_ended_and_which_is_at_work(monkeypatch):
    shown = run(monkeypatch, terminal=True, after=0.0)
    assert "1/3" in shown and "fit late" in shown and "data weather" not in shown


def test_a_quick_run_and_one_without_a_terminal_show_nothing(monkeypatch):
    assert run(monkeypatch, terminal=True, after=5.0) == ""
    assert run(monkeypatch, terminal=False, after=0.0) == ""


def test_whoever_asks_for_progress_gets_it_instead_of_the_bar(monkeypatch):
    monkeypatch.setattr("sys.stderr", Terminal(True))
    calls: list[tuple[str, str, float]] = []
    with run_progress(lambda *call: calls.append(call), 0.0) as report:
        assert report is not None
        report("fit late", "started", 0.5)
    assert calls == [("fit late", "started", 0.5)]
