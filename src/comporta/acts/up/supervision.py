"""When a part is started, ended and started again. Pure: what happened → the next state, and what to do."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

from msgspec.structs import replace

from comporta.acts.up.part import SupervisedPart
from comporta.records import Record
from comporta.serve.child_processes import exit_text, growing_pause

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
STEADY = 60.0
"""Seconds: a part that ran so long and ends is started again as if it had never ended before."""

Phase = Literal["waiting", "running", "ended"]


class PartState(Record, frozen=True, kw_only=True):
    """One part as it stands. since: when the phase began; due: when it is started, where it waits; kill: when
    it is killed, where it was told to end. ends: how many in a row came too soon. starts: how many there
    were. renews: it was told to end so that a new one begins. last: how it last ended. Times are monotonic
    seconds."""

    part: SupervisedPart
    phase: Phase = "waiting"
    since: float = 0.0
    due: float = 0.0
    kill: float | None = None
    ends: int = 0
    starts: int = 0
    renews: bool = False
    last: str = ""


class Supervision(Record, frozen=True, kw_only=True):
    """All parts, and how often the whole was asked to end."""

    parts: tuple[PartState, ...]
    end_requests: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing runs and nothing will."""
        return all(each.phase == "ended" for each in self.parts)

    def next_due(self) -> float | None:
        """When something has to be done though nothing happens; None: never."""
        starts = [each.due for each in self.parts if each.phase == "waiting"]
        kills = [each.kill for each in self.parts if each.phase == "running" and each.kill is not None]
        return min(starts + kills, default=None)


class TimePassed(Record, frozen=True, kw_only=True):
    """Nothing but that."""


class PartEnded(Record, frozen=True, kw_only=True):
    """A process ended. code: negative for a signal. line: the last that it wrote."""

    name: str
    code: int
    line: str = ""


class StartFailed(Record, frozen=True, kw_only=True):
    """The system made no process. why: its words."""

    name: str
    why: str


class EndAsked(Record, frozen=True, kw_only=True):
    """A person, or the system, asks for the end; the second time at once, the third by killing."""


class CommitChanged(Record, frozen=True, kw_only=True):
    """Another commit of the project's code is current."""


Happening = TimePassed | PartEnded | StartFailed | EndAsked | CommitChanged


class StartPart(Record, frozen=True, kw_only=True):
    """Start it."""

    name: str


class SignalPart(Record, frozen=True, kw_only=True):
    """Send it a signal: `SIGTERM`, `SIGINT` or `SIGKILL`."""

    name: str
    signal: Literal["SIGTERM", "SIGINT", "SIGKILL"]


class TellLine(Record, frozen=True, kw_only=True):
    """Tell it, in one line."""

    text: str


Command = StartPart | SignalPart | TellLine
Decided = tuple[Supervision, tuple[Command, ...]]


def begin(parts: Iterable[SupervisedPart], *, has_code: bool = True) -> Supervision:
    """Every part waits to be started, at once. has_code: whether there is a commit's code to begin with;
    without it those that need one wait for the first."""
    return Supervision(
        parts=tuple(
            PartState(part=each, due=math.inf if each.per_commit and not has_code else 0.0) for each in parts
        )
    )


def decide(state: Supervision, happened: Happening, now: float) -> Decided:
    """The state after it, and what to do, in order. now: monotonic seconds."""
    if isinstance(happened, EndAsked):
        return _on_end_asked(state, now)
    if isinstance(happened, CommitChanged):
        return _on_commit(state, now)
    if isinstance(happened, TimePassed):
        return _on_time(state, now)
    found = next(each for each in state.parts if each.part.name == happened.name)
    if isinstance(happened, StartFailed):
        after, told = _after_end(state, found, f"it could not be started: {happened.why}.", now)
    else:
        said = f" It said: {happened.line}" if happened.line and happened.code > 0 else ""
        after, told = _after_end(state, found, f"{exit_text(happened.code)}{said}", now)
    return _with(state, after), told


def _on_time(state: Supervision, now: float) -> Decided:
    commands: list[Command] = []
    parts = []
    for each in state.parts:
        if each.phase == "waiting" and each.due <= now:
            commands.append(StartPart(name=each.part.name))
            each = replace(each, phase="running", since=now, kill=None, starts=each.starts + 1)
        elif each.phase == "running" and each.kill is not None and each.kill <= now:
            commands += [
                TellLine(text=f"{each.part.name} did not end within {each.part.grace:g} s; it is killed."),
                SignalPart(name=each.part.name, signal="SIGKILL"),
            ]
            each = replace(each, kill=None)
        parts.append(each)
    return replace(state, parts=tuple(parts)), tuple(commands)


def _on_end_asked(state: Supervision, now: float) -> Decided:
    asked = state.end_requests + 1
    number: Literal["SIGTERM", "SIGINT", "SIGKILL"] = (
        "SIGTERM" if asked == 1 else "SIGINT" if asked == 2 else "SIGKILL"
    )
    parts = tuple(
        replace(each, kill=now + each.part.grace if each.kill is None else each.kill, renews=False)
        if each.phase == "running"
        else replace(each, phase="ended", since=now)
        for each in state.parts
    )
    running = [each.part.name for each in parts if each.phase == "running"]
    # A part that ends already, so that a new one begins, would take a second SIGTERM for an interruption.
    ending = {each.part.name for each in state.parts if each.renews} if asked == 1 else set()
    commands: list[Command] = [SignalPart(name=name, signal=number) for name in running if name not in ending]
    if asked == 1 and running:
        commands.insert(0, TellLine(text=f"ending: {', '.join(running)} finish what was begun."))
    return replace(state, parts=parts, end_requests=asked), tuple(commands)


def _on_commit(state: Supervision, now: float) -> Decided:
    """Those that hold a commit's code are told to end, and begin anew with the next; who waits for one
    begins."""
    if state.end_requests:
        return state, ()
    state = replace(
        state,
        parts=tuple(
            replace(each, due=now) if each.phase == "waiting" and each.due == math.inf else each
            for each in state.parts
        ),
    )
    chosen = {
        each.part.name
        for each in state.parts
        if each.part.per_commit and each.phase == "running" and not each.renews
    }
    parts = tuple(
        replace(each, renews=True, kill=now + each.part.grace) if each.part.name in chosen else each
        for each in state.parts
    )
    told = tuple(
        SignalPart(name=each.part.name, signal="SIGTERM") for each in parts if each.part.name in chosen
    )
    return replace(state, parts=parts), told


def _after_end(
    state: Supervision, found: PartState, how: str, now: float
) -> tuple[PartState, tuple[Command, ...]]:
    name = found.part.name
    after = replace(found, since=now, kill=None, renews=False, last=how)
    if state.end_requests:
        return replace(after, phase="ended"), ()
    if found.renews:
        return replace(after, phase="waiting", due=now, ends=0), ()
    others = ", ".join(
        each.part.name for each in state.parts if each.phase == "running" and each.part.name != name
    )
    rest = f"; {others} {'go' if ', ' in others else 'goes'} on" if others else ""
    if not found.part.restart:
        return replace(after, phase="ended"), (
            TellLine(text=f"{name} ended: {how} It is not started again{rest}."),
        )
    ends = 1 if now - found.since >= STEADY else found.ends + 1
    pause = growing_pause(ends, FIRST_PAUSE, LONGEST_PAUSE)
    line = TellLine(text=f"{name} ended: {how} It is started again in {pause:g} s{rest}.")
    return replace(after, phase="waiting", due=now + pause, ends=ends), (line,)


def _with(state: Supervision, changed: PartState) -> Supervision:
    return replace(
        state,
        parts=tuple(changed if each.part.name == changed.part.name else each for each in state.parts),
    )
