"""When something is asked for by itself, as the project's file declares it."""

from __future__ import annotations

from typing import Literal

from comporta.records import Record
from comporta.records.job import JobPriority

CatchUp = Literal["latest", "all", "none"]


class Schedule(Record, frozen=True):
    """A run that is asked for as a job whenever its time comes.

    name: by which it is listed; each of its ticks gives one job.
    cron: five fields, minute, hour, day of the month, month and day of the week, as cron(8) reads them:
        `"0 3 * * *"` is each night at three.
    zone: in which these are told, an IANA time zone. Where clocks are put forward a tick within the hour that
        is left out comes at its end; put back, one within the hour that comes twice comes once.
    models: which are run; empty: all.
    catch_up: which ticks that nobody was there for are asked for afterwards: the `latest`, `all`, or `none`
        that is older than five minutes.
    priority: the class of its jobs.

    >>> Schedule("nightly", "0 3 * * *", zone="Europe/Lisbon").catch_up
    'latest'
    """

    name: str
    cron: str
    zone: str = "UTC"
    models: tuple[str, ...] = ()
    catch_up: CatchUp = "latest"
    priority: JobPriority = "build"
