"""`comporta trace`: where a thing came from, and what it touched."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli.options import AsJson, Where
from comporta.cli.words import words as say
from comporta.opened.written_file import replacing


def trace(
    id: Annotated[str, Parameter(help=say.TRACED)],
    /,
    *,
    back: Annotated[bool, Parameter(help="Only where it came from.")] = False,
    forward: Annotated[bool, Parameter(help="Only what it touched.")] = False,
    svg: Annotated[Path | None, Parameter(help="Draw it into this file; - for standard output.")] = None,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Where a thing came from and what it touched, to the row, as a tree."""
    from comporta.acts.trace.trace import trace as traced
    from comporta.acts.trace.tree import tree_lines
    from comporta.acts.trace.tree import tree_svg as drawn
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        tree = traced(opened, id, forward=None if back == forward else forward)
    if svg is not None:
        if str(svg) == "-":
            show.line(drawn(tree, show.say).rstrip("\n"))
            return
        with replacing(svg) as out:
            out.write(drawn(tree, show.say))
        show.aside(say.DRAWN.format(file=svg))
    if json:
        show.json(tree)
    elif svg is None:
        for each in tree_lines(tree, show.say):
            show.line(each)
