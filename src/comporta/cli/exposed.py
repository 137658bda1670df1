"""What is told of secrets that others could read: where a project is checked, served or audited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from comporta.cli import show
from comporta.cli.words import words as say
from comporta.records.credential import password_in
from comporta.store import open_to_others

if TYPE_CHECKING:
    from comporta.opened.project import OpenProject


def tell_exposed(opened: OpenProject) -> None:
    """A line for each secret of the settings that lies open."""
    settings = opened.settings
    if password_in(settings.ledger):
        show.aside(say.PASSWORD_IN_URL)
    for name in ("key", "ledger_password", "store_credentials"):
        if (path := open_to_others(getattr(settings, name), opened.root)) is not None:
            show.aside(say.OPEN_TO_OTHERS.format(name=name, path=path, mode=path.stat().st_mode & 0o777))
