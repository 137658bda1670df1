"""`comporta check`: every fault of the project at once."""

from __future__ import annotations

from comporta.cli import show
from comporta.cli import words as say
from comporta.cli.options import NO, AsJson, Where


def check(*, project: Where = None, json: AsJson = False) -> int:
    """Name every fault of the project, with file and line. Exit code 3 when there are any.

    Data is read where it is there or can be had, to find columns that do not exist, and feature functions
    whose values differ between a batch, its halves and single rows.
    """
    from comporta.loop.check import check as checked
    from comporta.loop.house import open_house

    with open_house(project) as house:
        faults = checked(house)
        models, tables = len(house.project.models), len(house.project.tables())
    if json:
        show.json(faults)
    elif faults:
        for fault in faults:
            show.line(str(fault))
        show.aside(say.FAULTS.format(count=len(faults)) if len(faults) > 1 else say.ONE_FAULT)
    else:
        show.line(say.NO_FAULTS.format(models=models, datasets=tables))
    return NO if faults else 0
