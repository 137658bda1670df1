"""Asks for what the project's schedules say, when it is due.

Every worker does, and none leads: a tick gives one job, whoever asks for it and however often.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from comporta import jobs
from comporta.acts.jobs.schedule_process import ScheduleOrder, ScheduleReport, report_of
from comporta.errors import ComportaError
from comporta.opened.project import OpenProject
from comporta.opened.project_place import ProjectPlace
from comporta.project.schedule import Schedule

LOOK = 5.0
"""Seconds between two looks at what is due."""
AGAIN = 600.0
"""Seconds after which the project's file is read again though no file beside it changed: what it imports may
have."""
AGAIN_AFTER_FAULT = 60.0
"""The same where it could not be read: what it was may have been the machine's, not the file's."""


class DeclaredSchedules:
    """The schedules that the project at this place declares. report: how they are read."""

    def __init__(
        self, place: ProjectPlace, report: Callable[[ScheduleOrder], ScheduleReport] = report_of
    ) -> None:
        self._place, self._report = place, report
        self._stamps: dict[str, tuple[int, int]] | None = None
        self._read_at = 0.0
        self._last = ScheduleReport()

    def current(self) -> ScheduleReport:
        """As declared now; while the file cannot be read, as it was declared before, with the fault."""
        stamps = {
            each.name: (each.stat().st_mtime_ns, each.stat().st_size)
            for each in sorted(
                (*Path(self._place.root).glob("*.py"), *Path(self._place.home).glob("comporta.toml"))
            )
        }
        again = AGAIN_AFTER_FAULT if self._last.fault else AGAIN
        if stamps != self._stamps or time.monotonic() - self._read_at > again:
            self._stamps, self._read_at = stamps, time.monotonic()
            found = self._report(ScheduleOrder(place=self._place))
            kept = self._last.schedules if found.fault else found.schedules
            self._last = ScheduleReport(schedules=kept, fault=found.fault)
        return self._last

    def ask(self) -> str:
        """Has the jobs that are due asked for; why that could not be, or empty."""
        return self._report(ScheduleOrder(place=self._place, asks=True)).fault


class Scheduler:
    """notify: called with why schedules cannot be read or followed, once for each reason."""

    def __init__(
        self, opened: OpenProject, declared: DeclaredSchedules, notify: Callable[[str], None]
    ) -> None:
        self._opened, self._declared, self._notify = opened, declared, notify
        self._fault = ""

    def follow(self, stop: threading.Event) -> None:
        """Asks for what is due until it is asked to stop."""
        while not stop.is_set():
            try:
                self.look()
            # The boundary of the thread. Busy, or no room: it is due the next time too.
            except Exception as error:
                self._tell(str(error) if isinstance(error, ComportaError) else type(error).__name__)
            stop.wait(LOOK)

    def look(self) -> None:
        """Asks for what is due now. Raises Busy, StorageFull."""
        read = self._declared.current()
        fault = read.fault
        if any(self._is_due(each) for each in read.schedules):
            fault = self._declared.ask() or fault
        self._tell(fault)

    def _is_due(self, schedule: Schedule) -> bool:
        last = self._opened.ledger.get(jobs.TICKS, schedule.name)
        return bool(jobs.due_ticks(schedule.cron, schedule.zone, schedule.catch_up, last, self._opened.now()))

    def _tell(self, fault: str) -> None:
        if fault and fault != self._fault:
            self._notify(fault)
        self._fault = fault
