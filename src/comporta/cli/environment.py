"""`comporta env`: build the libraries that a version was made with."""

from __future__ import annotations

from comporta.cli import show
from comporta.cli.model import Named
from comporta.cli.options import AsJson, Where
from comporta.cli.progress import waiting
from comporta.cli.words import words as say
from comporta.records.visible import visible


def env(version: Named, /, *, project: Where = None, json: AsJson = False) -> None:
    """Build the Python and the libraries that a version was made with, by its lock, with uv.

    They lie below .comporta/environments. A server takes a version from there where the libraries that are
    installed cannot load it, or answer its trial rows otherwise. Where they are there, nothing is done.
    """
    from comporta.acts.environment.build import build_environment
    from comporta.opened.project import open_project

    building = say.ENV_BUILDING.format(version=visible(version, keep=""))
    with open_project(project) as opened, waiting(building, quiet=json):
        done = build_environment(opened, version)
    if json:
        show.json(done)
        return
    text = say.ENV_BUILT if done.fresh else say.ENV_THERE
    show.line(text.format(version=done.version, distributions=done.distributions, folder=done.folder))
    for change in done.changes:
        show.line(say.ENV_CHANGED.format(change=change))
    show.aside(say.NEXT_AFTER_ENV)
