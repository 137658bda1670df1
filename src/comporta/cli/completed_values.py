"""What a shell offers for an argument: the models, versions, datasets, runs and tokens that there are.

A shell asks at each TAB, so that a name made a minute ago is among them; whatever goes wrong offers nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cyclopts import Parameter

if TYPE_CHECKING:
    from comporta.opened.project import OpenProject

NEWEST = 20
"""Of each model so many versions, and so many runs."""


def completes(values: Callable[[OpenProject], Iterable[str]]) -> dict[str, Any]:
    """Arguments of `Parameter` by which a shell is offered these values of the project; none with a cyclopts
    that cannot ask (before 5)."""

    def complete(context: Any) -> tuple[str, ...]:
        from comporta.opened.project import open_project

        where = context.get("--project")
        raw = where.raw if where is not None else None
        with open_project(Path(raw) if raw else None) as opened:
            return tuple(values(opened))

    return {"completer": complete} if "completer" in inspect.signature(Parameter).parameters else {}


def jobs(opened: OpenProject) -> Iterable[str]:
    """The newest jobs."""
    from comporta.acts.jobs.listing import newest_jobs

    return newest_jobs(opened, NEWEST)


def declared_models(opened: OpenProject) -> Iterable[str]:
    """The models of the project file."""
    return (each.name for each in opened.project.models)


def versions(opened: OpenProject) -> Iterable[str]:
    """The newest versions of each model."""
    from comporta.acts.release.release import models

    return (each.id for each in models(opened, limit=NEWEST))


def models_and_versions(opened: OpenProject) -> Iterable[str]:
    """Each model that has versions, and these."""
    found = tuple(versions(opened))
    return (*dict.fromkeys(each.partition("/")[0] for each in found), *found)


def features_and_models(opened: OpenProject) -> Iterable[str]:
    """The columns that models read, and the models."""
    from comporta.acts.data.feature_uses import feature_uses

    found = feature_uses(opened)
    return dict.fromkeys((*(use.name for use in found), *(use.model for use in found)))


def datasets(opened: OpenProject) -> Iterable[str]:
    """The datasets: declared ones, and all that have versions."""
    from comporta.acts.data.datasets import newest_versions

    return newest_versions(opened)


def runs(opened: OpenProject) -> Iterable[str]:
    """The newest runs."""
    from comporta.acts.build.run_views import runs as newest

    return (each.id for each in newest(opened, NEWEST))


def tokens(opened: OpenProject) -> Iterable[str]:
    """The names of the tokens that count."""
    from comporta.acts.tokens.tokens import valid

    return dict.fromkeys(each.name for each in valid(opened))
