"""`comporta features`: the columns that models read, which models use each, and where it comes from."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from comporta.cli import completed_values as offered
from comporta.cli import show as shown
from comporta.cli.options import AsJson, Where
from comporta.cli.words import words as say
from comporta.records.column_type import base_type


def list_(*, project: Where = None, json: AsJson = False) -> None:
    """The columns that models read, and which use each: their newest versions, else as they are declared."""
    from comporta.acts.data.feature_uses import feature_uses
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        found = feature_uses(opened)
    if json:
        shown.json(found)
        return
    if not found:
        shown.aside(say.NO_FEATURES)
        return
    users: dict[tuple[str, str, str], list[str]] = {}
    for each in found:
        if each.feature:
            users.setdefault((each.name, each.made_by, each.source), []).append(each.used_by)
    shown.table(
        "Features",
        ("column", "made by", "from", "used by"),
        [(*key, ", ".join(models)) for key, models in users.items()],
    )


def show(
    name: Annotated[
        str, Parameter(help=say.FEATURE_OR_MODEL, **offered.completes(offered.features_and_models))
    ],
    /,
    *,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """One column in every model that uses it, or all columns of one model.

    Those too that the model only computes with or matches by.
    """
    from comporta.acts.data.feature_uses import feature_uses
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        found = feature_uses(opened, name)
    if json:
        shown.json(found)
        return
    shown.table(
        "Features",
        ("column", "type", "feature", "made by", "from", "matched by", "used by"),
        [
            (
                each.name,
                base_type(each.type),
                say.YES if each.feature else say.NO,
                each.made_by,
                each.source,
                ", ".join(f"{theirs} = {ours}" for theirs, ours in each.matched.items()),
                each.used_by,
            )
            for each in found
        ],
    )
