"""Files that a version's code reads by their path: refused where it would answer by what they say now.

An `import` is answered by `isolated`; `open`, `numpy.load`, `runpy` and whatever else reads a file ask only
the file system. Code is refused wherever it lies outside of the kept source, data below the live project's
folder. What opens files without Python, as polars and PyArrow do, is brought here by `unaudited`.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from comporta.errors import LiveFileRead, wording
from comporta.opened.unaudited import guard_readers, report_starts
from comporta.project.sources import counts_by_content, is_own_file

_CODE = (".py", ".pyc")
_STDLIB = f"{sysconfig.get_path('stdlib')}/"
_ENVIRONMENT = "/.env"
"""A file of environment variables, which are no more the version's than those of the process."""
_NOT_THE_PROJECT_S = ("/site-packages/", "/dist-packages/", "/__pycache__/")
"""Folders of what is installed, and of what was compiled from code: Numba keeps its functions there."""


LIVE_FILE = wording(
    "found a file that may change after the release, expected only what is kept with the version. Keep its "
    "values in a dataset, or in a Python module that is imported, and build the version again: comporta run"
)
"""What is wrong with a file of the project that a version's code reads, and what to do."""


class LiveFolder(NamedTuple):
    """A project's folder as it stands now. apart: what lies below it and is none of its files: what Comporta
    keeps, installed packages, temporary files. source: where a version's code is laid out, to which no data
    belongs: what lies there was put there since."""

    folder: str
    apart: tuple[str, ...]
    source: str = ""

    def holds(self, file: str) -> bool:
        """Whether this absolute path is of a file of the project, or of a folder of such."""
        if any(each in file for each in _NOT_THE_PROJECT_S):
            return False
        if self.source and file.startswith(self.source):
            return True
        below = file.startswith(self.folder) or f"{file}/" == self.folder
        return below and not file.startswith(self.apart) and not file.endswith(_ENVIRONMENT)


def live_folder(root: Path) -> LiveFolder:
    """The folder of the project with this root."""
    here = _folder(root)
    others = map(_folder, (sys.prefix, sys.base_prefix, tempfile.gettempdir()))
    apart = [each for each in others if each.startswith(here) and each != here]
    return LiveFolder(here, (f"{here}.comporta/", *apart))


class Asking(NamedTuple):
    """Whose code asks for a file. source: the folder in which its code counts."""

    source: str
    file: str
    line: int


_kept: set[str] = set()
_live: dict[str, LiveFolder] = {}
_reports: list[Callable[[str], None]] = []
_made: set[str] = set()
_threads: WeakKeyDictionary[threading.Thread, Asking] = WeakKeyDictionary()


def refuse_live_code(root: Path) -> None:
    """From now on modules below this folder raise LiveFileRead where they read a file of Python that counts
    by its content and lies elsewhere, in whatever way and thread."""
    _hook()
    _kept.add(_folder(root))


def refuse_live_data(root: Path, live: LiveFolder, report: Callable[[str], None] | None = None) -> None:
    """From now on modules below this folder raise LiveFileRead where they read a file of the live folder that
    they did not make themselves in this process. report: called with its path from the live folder."""
    _hook()
    if not _live:
        guard_readers(require_kept_data)
        report_starts(_remember_start)
    source = _folder(root)
    _live[source] = live._replace(source=source) if source in _kept else live
    _reports.extend(() if report is None else (report,))


@contextmanager
def noting_refused() -> Iterator[list[str]]:
    """The files that are refused meanwhile, by their paths from the live folder: also where the code that
    asked for one caught the error and went on without it."""
    names: list[str] = []
    _reports.append(names.append)
    try:
        yield names
    finally:
        _reports.remove(names.append)


def require_kept_data(path: str, frame: FrameType | None) -> None:
    """Raises LiveFileRead where the code that asks in this frame may not read this file, or folder."""
    file = os.path.abspath(path)  # noqa: PTH100
    names = (file, os.path.realpath(file))
    if not any(live.holds(name) for live in {*_live.values()} for name in names):
        return
    asking = _asking(frame, _live, through_installed=True)
    if asking is None or names[1] in _made or not os.path.lexists(file):
        return
    live = _live[asking.source]
    found = next((name for name in names if live.holds(name)), None)
    if found is None:
        return
    name = found.removeprefix(live.folder)
    for report in tuple(_reports):
        report(name)
    where = asking.file.removeprefix(asking.source).removeprefix(live.folder[1:])
    raise LiveFileRead(f"{where}:{asking.line} reads {name}: {LIVE_FILE}")


_hooked: list[bool] = []


def _hook() -> None:
    if not _hooked:
        _hooked.append(True)
        sys.addaudithook(_on_event)


def _on_event(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        path, mode, flags = arguments
        if isinstance(path, str | bytes | os.PathLike):
            _on_open(os.fsdecode(path), mode or "", flags)
    elif event == "sqlite3.connect":
        name = os.fsdecode(arguments[0])
        _on_open(name.removeprefix("file:").partition("?")[0], "", os.O_RDWR | os.O_CREAT)


def _on_open(path: str, mode: str, flags: int) -> None:
    frame = sys._getframe(2)
    empties = bool(flags & os.O_TRUNC or set(mode) & set("wx"))
    if path.endswith(_CODE):
        if not empties:
            _require_kept_code(os.path.realpath(path), frame)
        return
    if not _live:
        return
    if empties or (flags & os.O_CREAT and not os.path.lexists(path)):
        _remember_made(os.path.realpath(path), frame)
    elif _reads(mode, flags) and not os.path.isdir(path):  # noqa: PTH112
        require_kept_data(path, frame)


def _reads(mode: str, flags: int) -> bool:
    return "+" in mode or not ("a" in mode or flags & os.O_ACCMODE == os.O_WRONLY)


def _remember_start(thread: threading.Thread, frame: FrameType) -> None:
    if (asking := _asking(frame, _live, through_installed=True)) is not None:
        _threads[thread] = asking


def _remember_made(file: str, frame: FrameType | None) -> None:
    if any(live.holds(file) for live in _live.values()) and _asking(frame, _live, through_installed=True):
        _made.add(file)


def _require_kept_code(file: str, frame: FrameType | None) -> None:
    if not _kept or not counts_by_content(file) or is_own_file(file):
        return
    asking = _asking(frame, _kept)
    if asking is not None and not file.startswith(asking.source):
        raise LiveFileRead(
            f"{file} is read as code and not in the source that was kept with this version: it may have "
            "changed since. Import it by its name, so that it is kept, and build the version again: "
            "comporta run"
        )


def _asking(
    frame: FrameType | None, sources: Collection[str], *, through_installed: bool = False
) -> Asking | None:
    """The source whose own code asks here. through_installed: also where it has an installed library ask,
    which is then asked for what it was told; a library reads code of what it made itself."""
    while frame is not None:
        file = frame.f_code.co_filename
        library = not counts_by_content(file)
        standard = file.startswith(_STDLIB) and "/site-packages/" not in file
        if not (file.startswith("<") or is_own_file(file) or standard or (library and through_installed)):
            source = next((each for each in sources if file.startswith(each)), None)
            return None if source is None else Asking(source, file, frame.f_lineno)
        frame = frame.f_back
    return _threads.get(threading.current_thread()) if through_installed and _threads else None


def _folder(path: Path | str) -> str:
    return os.path.join(os.path.realpath(path), "")  # noqa: PTH118
