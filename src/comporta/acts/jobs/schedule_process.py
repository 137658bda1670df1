"""The project's schedules in a process of its own: a worker that waits need not hold all that the project's
file imports. `python -m` answers with them, or asks for the jobs that are due."""

from __future__ import annotations

import sys

from comporta.errors import BadProject, ComportaError
from comporta.opened.answering_process import NoAnswer, answer_with, ask_process, take_output
from comporta.opened.project_place import ProjectPlace
from comporta.project.schedule import Schedule
from comporta.records import Record, decode, encode
from comporta.records.credential import mask


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
    words = (encode(order).decode(),)
    found = ask_process("comporta.acts.jobs.schedule_process", *words, answer=ScheduleReport)
    if isinstance(found, NoAnswer):
        return ScheduleReport(fault=f"the project file cannot be read: {found.why}")
    return found


def main(order: ScheduleOrder) -> None:
    from comporta.acts.jobs.tick import tick
    from comporta.opened.project_place import open_place
    from comporta.project.faults import format_faults, project_faults

    output = take_output()
    try:
        with open_place(order.place) as opened:
            if found := project_faults(opened.project, opened.root):
                raise BadProject(format_faults(found))
            if order.asks:
                tick(opened)
            report = ScheduleReport(schedules=opened.project.schedules)
    except ComportaError as error:
        report = ScheduleReport(fault=mask(str(error)))
    answer_with(output, report)


if __name__ == "__main__":
    main(decode(sys.argv[1], ScheduleOrder))
