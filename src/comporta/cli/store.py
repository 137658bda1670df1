"""`comporta store`: what the stored bytes are used for, and freeing what nothing reaches."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli import words as say
from comporta.cli.options import AsJson, Where


def du(*, project: Where = None, json: AsJson = False) -> None:
    """What the stored bytes are used for."""
    from comporta.loop.house import open_house
    from comporta.loop.keep import usage

    with open_house(project) as house:
        used = usage(house)
    if json:
        show.json(used)
        return
    rows = [(each.prefix, each.objects, show.size(each.size)) for each in used]
    total = ("total", sum(each.objects for each in used), show.size(sum(each.size for each in used)))
    show.table("Store", ("what", "objects", "size"), [*rows, total])


def gc(
    *,
    dry: Annotated[bool, Parameter(name="--dry-run", help=say.DRY)] = False,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Delete bytes that no version, release, dataset or recent run reaches. What is new is left alone."""
    from comporta.loop.house import open_house
    from comporta.loop.keep import sweep

    with open_house(project) as house:
        swept = sweep(house, dry=dry)
    if json:
        show.json(swept)
        return
    said = say.WOULD_FREE if swept.dry else say.FREED
    show.line(said.format(objects=len(swept.freed), size=show.size(swept.size), kept=swept.kept))
    if swept.young:
        show.line(say.YOUNG.format(objects=swept.young))
