"""What is wrong with a schedule of the project file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from comporta.errors import BadProject
from comporta.project.fault_common import duplicates_in, with_location
from comporta.project.kinds import type_faults
from comporta.project.locate import ProjectFault, SourceLocations
from comporta.project.schedule import Schedule


def schedule_faults(
    schedules: Sequence[Schedule], models: Sequence[str], places: SourceLocations
) -> Iterator[ProjectFault]:
    """models: the names of those that are declared."""
    for each in schedules:
        found = tuple(type_faults(each))
        yield from with_location(places, "Schedule", each.name, iter(found))
        if not found:
            yield from _faults(each, models, places)
    for name in duplicates_in(each.name for each in schedules):
        yield places.fault("Schedule", name, "name", f"Schedule {name!r}: found this name twice. Rename one.")


def _faults(schedule: Schedule, models: Sequence[str], places: SourceLocations) -> Iterator[ProjectFault]:
    from comporta.project.cron import require_cron, zone_of

    for field, check in (
        ("cron", lambda: require_cron(schedule.cron)),
        ("zone", lambda: zone_of(schedule.zone)),
    ):
        try:
            check()
        except BadProject as error:
            yield places.fault("Schedule", schedule.name, field, f"Schedule {schedule.name!r}: {error}")
    for model in schedule.models:
        if model not in models:
            said = (
                f"Schedule {schedule.name!r}: models: found {model!r}, expected one of: "
                f"{', '.join(models) or 'none is declared'}."
            )
            yield places.fault("Schedule", schedule.name, "models", said)
