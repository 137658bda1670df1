"""The parsed sources of Comporta's own files, cached between processes: parsing took most of a short command.

A file here is named by the digest of the text it was read from and of the code that read it, so another
text, another reader or another Python is another file. What cannot be decoded is parsed again.
"""

from __future__ import annotations

import contextlib
import os
import sys
from functools import cache
from pathlib import Path

import msgspec

from comporta.engine.source import Source, read
from comporta.project.sources import is_own_file, text_digest
from comporta.records import decode, encode

_READERS = tuple(Path(__file__).with_name(name) for name in ("arguments.py", "form.py", "source.py"))


def user_folder() -> Path | None:
    """The user's cache folder, for all projects: its contents follow from Comporta's own text alone.
    None where there is no home."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():
        try:
            base = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
        except RuntimeError:
            return None
    return base / "comporta" / "sources"


class SourceCache:
    """The sources in a folder; None: no cache."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def read(self, path: str, text: bytes) -> Source:
        """The parsed file. Only Comporta's own are cached: a project's change too often. Raises
        SyntaxError."""
        digest = text_digest(text)
        ours = is_own_file(path)
        if self._folder is None or not ours:
            return read(text, digest, own=ours)
        file = self._folder / text_digest(_reader() + digest.encode())
        with contextlib.suppress(OSError, msgspec.DecodeError):  # absent, damaged: read anew
            return decode(file.read_bytes(), Source)
        source = read(text, digest, own=True)
        self._write(file, source)
        return source

    def _write(self, file: Path, source: Source) -> None:
        part = file.with_name(f"{file.name}.{os.getpid()}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(encode(source))
            part.replace(file)
        except OSError:  # a full or read-only disk: nothing depends on this
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)


@cache
def _reader() -> bytes:
    """The code that parses, and the Python version: another of either may find something else in the same
    text."""
    return b"".join(each.read_bytes() for each in _READERS) + sys.version.encode()
