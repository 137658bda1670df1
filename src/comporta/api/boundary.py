"""The boundary to a person who asks from Python: a mistake is one message, as on the command line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from comporta.errors import ComportaError
from comporta.records.credential import mask
from comporta.records.visible import visible


@contextmanager
def explaining_errors() -> Iterator[None]:
    """Errors of Comporta leave with no secret and nothing hidden in their message. A notebook shows the
    message in place of the traceback, unless COMPORTA_DEBUG is set."""
    try:
        yield
    except ComportaError as error:
        said = visible(mask(str(error)))
        error.args = (said, *error.args[1:])
        if not os.environ.get("COMPORTA_DEBUG"):
            # What IPython asks of an exception that it shows.
            lines = [f"{type(error).__name__}: {said}"]
            error._render_traceback_ = lambda: lines  # type: ignore[attr-defined]
        raise
