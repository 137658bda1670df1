"""The project's schedules in a process of its own: a worker that waits need not hold all that the project's
file imports. `python -m` prints them as JSON, or asks for the jobs that are due."""

from __future__ import annotations

import subprocess
import sys

import msgspec

from comporta.errors import BadProject, ComportaError
from comporta.opened.project_place import ProjectPlace
from comporta.project.schedule import Schedule
from comporta.records import Record, decode, encode

PATIENCE_SECONDS = 120.0
"""How long the file may take to be read."""


class ScheduleReport(Record, frozen=True, kw_only=True):
    """fault: why the file cannot be read, or the jobs not be asked for; or empty."""

    schedules: tuple[Schedule, ...] = ()
    fault: str = ""


class ScheduleOrder(Record, frozen=True, kw_only=True):
    """place: of the project. asks: for the jobs that are due; else it only reads."""

    place: ProjectPlace
    asks: bool = False


def report_of(order: ScheduleOrder) -> ScheduleReport:
    """What a process says that is started for this."""
    command = [sys.executable, "-P", "-m", "comporta.acts.jobs.schedule_process", encode(order).decode()]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_SECONDS, check=False
        )
        return decode(done.stdout.splitlines()[-1], ScheduleReport)
    except (subprocess.TimeoutExpired, msgspec.MsgspecError, IndexError) as error:
        return ScheduleReport(fault=f"the project file cannot be read ({type(error).__name__}).")


def main(order: ScheduleOrder) -> None:
    from comporta.acts.jobs.tick import tick
    from comporta.opened.project_place import open_place
    from comporta.project.faults import format_faults, project_faults

    try:
        with open_place(order.place) as opened:
            if found := project_faults(opened.project, opened.root):
                raise BadProject(format_faults(found))
            if order.asks:
                tick(opened)
            report = ScheduleReport(schedules=opened.project.schedules)
    except ComportaError as error:
        report = ScheduleReport(fault=str(error))
    sys.stdout.flush()
    print(encode(report).decode())


if __name__ == "__main__":
    main(decode(sys.argv[1], ScheduleOrder))
