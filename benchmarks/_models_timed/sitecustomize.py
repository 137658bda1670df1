"""Python imports this at its start where this folder is on its path: it times the calls of models.

Every process of a run, workers and servers of candidates too, adds a line to the file that `MODELS_TIMED`
names for each call: what kind it was, when it began and ended, and the processor time of its thread.
"""

import functools
import importlib.abc
import importlib.util
import os
import sys
import threading
import time

from watched import WATCHED, holder

_here = threading.local()


def timed(work, kind):
    """The same, its outermost calls told."""

    @functools.wraps(work)
    def doing(*given, **named):
        depth = getattr(_here, "depth", 0)
        _here.depth = depth + 1
        began, used = time.time(), time.thread_time()
        try:
            return work(*given, **named)
        finally:
            _here.depth = depth
            if not depth:
                used = time.thread_time() - used
                os.write(_told, f"{kind}: {began} {time.time()} {used}\n".encode())

    return doing


class Watching(importlib.abc.MetaPathFinder):
    """Finds what others find, and wraps what is watched once it is loaded."""

    def find_spec(self, name, path=None, target=None):
        if name not in WATCHED:
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        load = spec.loader.exec_module

        def loaded(module):
            load(module)
            for function, kind in WATCHED[name].items():
                within, last = holder(module, function)
                setattr(within, last, timed(getattr(within, last), kind))

        spec.loader.exec_module = loaded
        return spec


if "MODELS_TIMED" in os.environ:
    _told = os.open(os.environ["MODELS_TIMED"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    sys.meta_path.insert(0, Watching())
