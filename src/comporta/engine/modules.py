"""Which file a module's name stands for, told without importing it; and each such file, read once."""

from __future__ import annotations

import importlib.machinery
import os
import sys
import time
from pathlib import Path

from comporta.engine.source import Source
from comporta.engine.source_cache import SourceCache, user_folder
from comporta.errors import BadProject
from comporta.project.sources import (
    BESIDE,
    TextFinder,
    counts_by_content,
    enter_project,
    is_kept_alone,
    is_own_file,
    text_digest,
)
from comporta.records import Record

# A file changed so recently may change again within one tick of the file system's clock.
_SETTLED = 2_000_000_000
_NATIVE = tuple(importlib.machinery.EXTENSION_SUFFIXES)


class Place(Record, frozen=True, kw_only=True):
    """A module whose content counts. label: the same on every machine: a path below the root, or a name.

    file: None for a folder without `__init__.py`. folders: where a package's modules lie.
    """

    name: str
    label: str
    file: str | None
    folders: tuple[str, ...] = ()

    @property
    def package(self) -> str:
        return self.name if self.folders else self.name.rpartition(".")[0]


class ResolvedSource:
    """A source with its names looked up: the places of definers and imports by the name they bind."""

    __slots__ = ("definers", "imports", "source", "stars")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.definers: dict[str, list[int]] = {}
        self.imports: dict[str, list[int]] = {}
        for place, statement in enumerate(source.statements):
            for name in statement.binds:
                self.definers.setdefault(name, []).append(place)
        for index, each in enumerate(source.imports):
            self.imports.setdefault(each.bound, []).append(index)
        self.stars = self.imports.get("*", [])


class Modules:
    """Names and files of one project's root, remembered until something on disk changes."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._here = f"{self.root}/"
        self._kept_alone = is_kept_alone(self.root)
        self._sources = SourceCache(user_folder())
        self._found: dict[str, Place | None] = {}
        self._tops: dict[str, tuple[str | None, tuple[str, ...]] | None] = {}
        self._folders: dict[str, int] = {}
        self._files: dict[str, tuple[tuple[int, ...], bool, ResolvedSource | None]] = {}

    def refresh(self) -> bool:
        """Whether any file or folder seen so far is another than when it was read."""
        changed = False
        for folder, seen in list(self._folders.items()):
            if _folder(folder) != seen:
                self._folders.clear()
                self._found.clear()
                changed = True
                break
        for path, (seen_as, settled, known) in list(self._files.items()):
            stat = _stat(path)
            if stat != seen_as or not settled:
                if known is not None and stat and self._same(path, stat, known):
                    continue
                del self._files[path]
                changed = True
        return changed

    def read(self, place: Place) -> ResolvedSource | None:
        """The module's source; None for what is no Python text. Raises BadProject on a syntax error."""
        if place.file is None:
            return None
        known = self._files.get(place.file)
        if known is not None:
            return known[2]
        stat = _stat(place.file)
        try:
            text = Path(place.file).read_bytes()
        except OSError:
            text = b""
        try:
            source = (
                Source(text=text_digest(text), statements=(), imports=())
                if place.file.endswith(_NATIVE)
                else self._sources.read(place.file, text)
            )
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 1
            raise BadProject(
                f"{place.label}:{line}: {getattr(error, 'msg', error)}. Correct it and try again."
            ) from None
        result = ResolvedSource(source)
        self._files[place.file] = (stat, _is_settled(stat), result)
        return result

    def resolve(self, path: str) -> ResolvedSource | None:
        """What was read of this file, if it was."""
        known = self._files.get(path)
        return None if known is None else known[2]

    def changed_after(self, path: str, moment: int) -> bool:
        """Whether the file, when it was read, had been written after this time in nanoseconds."""
        known = self._files.get(path)
        return known is not None and known[0][:1] > (moment,)

    def find(self, name: str) -> Place | None:
        """The module of this absolute name if its content counts, else None."""
        if name not in self._found:
            self._found[name] = self._find(name)
        return self._found[name]

    def at(self, relative: str) -> Place:
        """The module of a file below the root."""
        file = self.root / relative
        parts = list(Path(relative).with_suffix("").parts)
        package = parts[-1] == "__init__" and len(parts) > 1
        name = ".".join(parts[:-1] if package else parts)
        return Place(
            name=name, label=relative, file=str(file), folders=(str(file.parent),) if package else ()
        )

    def everything(self) -> list[Place]:
        """Every Python file below the root that is the project's own."""
        found = []
        for folder, below, names in os.walk(self.root):
            self._watch(folder)
            below[:] = sorted(
                each
                for each in below
                if not each.startswith((".", "__pycache__"))
                and each not in ("site-packages", "node_modules")
                and not (Path(folder) / each / "pyvenv.cfg").exists()
            )
            for each in sorted(names):
                if each.endswith(".py"):
                    found.append(self.at((Path(folder) / each).relative_to(self.root).as_posix()))
        return found

    def _find(self, name: str) -> Place | None:
        parent, _, last = name.rpartition(".")
        if parent:
            package = self.find(parent)
            return None if package is None else self._inside(package.folders, last, name)
        if name in sys.builtin_module_names:
            return None
        mine = self._inside((str(self.root),), name, name)
        if mine is not None and mine.file is not None:
            return mine
        if name in sys.stdlib_module_names:
            return None
        if self._kept_alone:
            return self._in_kept_source(name) or mine
        if name not in self._tops:
            enter_project(self.root)  # another root's folders may stand on the path, and come first
            self._tops[name] = _spec(name)
        found = self._tops[name]
        if found is None:
            return mine
        file, folders = found
        if file is None:
            folders = tuple(folder for folder in folders if counts_by_content(f"{folder}/"))
            return Place(name=name, label=name, file=None, folders=folders) if folders else mine
        return self._place(name, file, folders) if counts_by_content(file) else None

    def _in_kept_source(self, name: str) -> Place | None:
        """The module in a kept source that holds all that its code reaches. Raises BadProject where only a
        live file has that name."""
        beside = self._inside((f"{self.root}/{BESIDE}",), name, name)
        if beside is not None:
            return beside
        found = _spec(name)
        file, folders = found or (None, ())
        if file is None or not counts_by_content(file):
            return None
        if is_own_file(file):
            return self._place(name, file, folders)
        raise BadProject(
            f"{name}: is not in the source that was kept with this version, only in {file}, which may have "
            "changed since. Build the version again: comporta run"
        )

    def _inside(self, folders: tuple[str, ...], last: str, name: str) -> Place | None:
        bare: list[str] = []
        for folder in folders:
            self._watch(folder)
            base = f"{folder}/{last}"
            if os.path.isdir(base):  # noqa: PTH112
                self._watch(base)
                if os.path.isfile(f"{base}/__init__.py"):  # noqa: PTH113
                    return self._place(name, f"{base}/__init__.py", (base,))
                bare.append(base)
            for suffix in (*_NATIVE, ".py"):
                if os.path.isfile(base + suffix):  # noqa: PTH113
                    return self._place(name, base + suffix, ())
        return Place(name=name, label=name, file=None, folders=tuple(bare)) if bare else None

    def _place(self, name: str, file: str, folders: tuple[str, ...]) -> Place:
        below = file.removeprefix(self._here)
        # Below the root but imported through another folder, such as `src`: its name tells where it is.
        mine = below in (f"{name.replace('.', '/')}.py", f"{name.replace('.', '/')}/__init__.py")
        label = below if mine else name
        return Place(name=name, label=label, file=file, folders=folders)

    def _watch(self, folder: str) -> None:
        if folder not in self._folders:
            self._folders[folder] = _folder(folder)

    def _same(self, path: str, stat: tuple[int, ...], known: ResolvedSource) -> bool:
        """Whether a file touched, or not yet settled, still says what it said."""
        try:
            same = text_digest(Path(path).read_bytes()) == known.source.text
        except OSError:
            return False
        if same:
            self._files[path] = (stat, _is_settled(stat), known)
        return same


def _spec(name: str) -> tuple[str | None, tuple[str, ...]] | None:
    """Where an importable top-level module lies: its file, and the folders of its submodules."""
    for finder in sys.meta_path:
        if isinstance(finder, TextFinder) or (find := getattr(finder, "find_spec", None)) is None:
            continue
        try:
            spec = find(name, None)
        except (ImportError, ValueError):
            continue
        if spec is not None:
            folders = tuple(str(each) for each in spec.submodule_search_locations or ())
            return (spec.origin if spec.has_location else None), folders
    return None


def _stat(path: str) -> tuple[int, ...]:
    try:
        found = os.stat(path)  # noqa: PTH116
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def _folder(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116
    except OSError:
        return 0


def _is_settled(stat: tuple[int, ...]) -> bool:
    return bool(stat) and time.time_ns() - max(stat[0], stat[1]) > _SETTLED
