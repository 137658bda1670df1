"""A run is never part of a run: it would wait for itself.

That happens where a script beside the project calls `project.run()` as it is imported: by a step in a worker,
or to see what it declares.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from comporta.errors import BadProject

_WORKER = "comporta.engine.worker"
_running: ContextVar[bool] = ContextVar("running", default=False)


@contextmanager
def not_inside_a_run() -> Iterator[None]:
    """Around a run. Raises BadProject inside of another, in this process or in one of its workers."""
    main = getattr(sys.modules.get("__main__"), "__spec__", None)
    if _running.get() or getattr(main, "name", "") == _WORKER:
        raise BadProject(
            "found a run inside a run: a file that it imports calls project.run(). "
            'Put that below `if __name__ == "__main__":`.'
        )
    token = _running.set(True)
    try:
        yield
    finally:
        _running.reset(token)
