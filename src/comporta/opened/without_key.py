"""A project opened to be checked where its key is not: in a fresh clone, on a runner without secrets."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec.structs import replace

from comporta.errors import WrongKey
from comporta.opened.project import OpenProject, open_project
from comporta.project.load import find_project_file, load_project
from comporta.project.settings import settings
from comporta.store import read_secret, write_secret

KNOWN_SECRET = bytes(range(32))
"""No secret: what it keys is gone once the check ends. Always the same, so that the same rows are sampled and
held out each time, and the same verdicts come of them."""


@contextmanager
def open_to_check(path: Path | None = None) -> Iterator[tuple[OpenProject, str]]:
    """The project, and why it was opened without its key, or nothing. Without it the project has a key, a
    ledger and a store of its own, which end with it; its own are left alone. Raises as `open_project`, save
    that a key may be absent or none."""
    file = find_project_file(path)
    declared = load_project(file)
    root = declared.root or file.parent
    found = settings(root)
    try:
        read_secret(found.key, root)
    except WrongKey as error:
        why = str(error)
    else:
        with open_project(path, works=True) as opened:
            yield opened, ""
        return
    with tempfile.TemporaryDirectory(prefix="comporta-check-") as folder:
        write_secret(Path(folder) / "key", KNOWN_SECRET)
        own = replace(
            found,
            key=f"file://{folder}/key",
            ledger=f"sqlite:///{folder}/ledger.db",
            store=f"file://{folder}/store",
            ledger_password="",
            store_credentials="",
        )
        with OpenProject(lambda: declared, root, own, works=True) as opened:
            yield opened, why
