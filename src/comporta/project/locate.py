"""Where in the source a declaration stands: the file and line of each of its arguments.

Read from the syntax tree, not from the running program: a frozen record does not know its line.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

from comporta.project.dataset import Dataset
from comporta.project.features import AsOf, Features, Window
from comporta.project.model import Model
from comporta.project.person import Person
from comporta.project.project import ProjectDeclaration
from comporta.records import Column, Record, Subject

DECLARATIONS: dict[str, type[Record]] = {
    "Project": ProjectDeclaration,
    **{kind.__name__: kind for kind in (Model, Features, AsOf, Window, Dataset, Subject, Column, Person)},
}


class ProjectFault(Record, frozen=True):
    """One mistake in a declaration. file: relative to the project's root. line: from 1."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class SourceLocation(Record, frozen=True):
    """One declaring call. name: its literal name, or empty. fields: field → line. within: the call
    around it."""

    kind: str
    name: str
    file: str
    line: int
    fields: dict[str, int]
    within: str = ""


class SourceLocations:
    """Every declaring call of some files, asked by kind, name and field. Read once there is a fault."""

    def __init__(self, files: Iterable[Path], root: Path) -> None:
        self._files = {
            str(file.relative_to(root)) if file.is_relative_to(root) else str(file): file for file in files
        }

    @cached_property
    def places(self) -> list[SourceLocation]:
        """In the order of the files."""
        return [
            place
            for name, file in self._files.items()
            if (tree := _tree(file)) is not None
            for place in _places(tree, name)
        ]

    def fault(
        self, kind: str, name: str, field: str, message: str, *, nth: int | None = None
    ) -> ProjectFault:
        """A fault at `field` of this declaration; at the nearest thing known where it was not written out.

        nth: which of the declarations of `kind` inside that of `name` is meant: the second `AsOf` of a
        `Features` has nth 1.
        """
        if nth is None:
            found = [place for place in self.places if (place.kind, place.name) == (kind, name)]
            # The last: a second declaration of the same name is the one to be corrected.
            place = found[-1] if found else None
        else:
            inner = [place for place in self.places if (place.kind, place.within) == (kind, name)]
            around = next((each for each in self.places if each.name == name), None)
            place = inner[nth] if nth < len(inner) else around
        place = place or next((each for each in self.places if each.kind == "Project"), None)
        if place is None:
            return ProjectFault(next(iter(self._files), ""), 1, message)
        return ProjectFault(place.file, place.fields.get(field, place.line), message)


def argument_faults(file: Path) -> tuple[ProjectFault, ...]:
    """Every declaring call of the file whose arguments do not fit: unknown, missing, too many, twice."""
    tree = _tree(file)
    if tree is None:
        return ()
    return tuple(sorted(_misspelt(tree, file.name), key=lambda fault: fault.line))


def _tree(file: Path) -> ast.Module | None:
    try:
        return ast.parse(file.read_bytes(), filename=str(file))
    except (OSError, SyntaxError, ValueError):
        return None


def _calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Calls of declaring names in the order of the source, as written: `Model(…)` or `comporta.Model(…)`."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda each: (each.lineno, each.col_offset)):
        called = call.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if name in DECLARATIONS:
            yield name, call


def _places(tree: ast.AST, file: str) -> Iterator[SourceLocation]:
    within: dict[ast.Call, str] = {}
    for kind, call in _calls(tree):
        given = dict(zip(DECLARATIONS[kind].__struct_fields__, call.args, strict=False))
        given |= {word.arg: word.value for word in call.keywords if word.arg is not None}
        name = _name_of(call, DECLARATIONS[kind].__struct_fields__)
        for _, inner in _calls(call):
            if inner is not call:
                within[inner] = name
        lines = {field: value.lineno for field, value in given.items()}
        # The keyword's own line: a value may begin a line further down.
        lines |= {word.arg: word.lineno for word in call.keywords if word.arg is not None}
        yield SourceLocation(kind, name, file, call.lineno, lines, within.get(call, ""))


def _misspelt(tree: ast.AST, file: str) -> Iterator[ProjectFault]:
    for kind, call in _calls(tree):
        known = DECLARATIONS[kind].__struct_fields__
        required = known[: len(known) - len(DECLARATIONS[kind].__struct_defaults__)]
        open_ended = any(isinstance(arg, ast.Starred) for arg in call.args)
        open_ended = open_ended or any(word.arg is None for word in call.keywords)
        if len(call.args) > len(known):
            yield ProjectFault(
                file, call.lineno, f"{kind}: found {len(call.args)} arguments, expected {len(known)}."
            )
        given = set(known[: len(call.args)])
        for word in call.keywords:
            if word.arg is None:
                continue
            if word.arg not in known:
                message = f"{kind}: found argument {word.arg!r}, expected one of: {', '.join(known)}."
                yield ProjectFault(file, word.lineno, message)
            elif word.arg in given:
                yield ProjectFault(file, word.lineno, f"{kind}: found {word.arg!r} twice. Give it once.")
            given.add(word.arg)
        for field in () if open_ended else required:
            if field not in given:
                yield ProjectFault(file, call.lineno, _missing(kind, _name_of(call, known), field))


def _missing(kind: str, name: str, field: str) -> str:
    """What is said of a field that must be given and is not."""
    whose = f"{kind} {name!r}" if name else kind
    meaning = field_meaning(DECLARATIONS[kind], field) or "it must be given."
    return f"{whose}: found no `{field}`, expected one: {meaning} Add it: {field}=…"


def field_meaning(kind: type[Record], field: str) -> str:
    """What the documentation of a declaration says of one of its fields; empty where it says nothing."""
    found = re.search(rf"^ *{field}: (.+(?:\n {{8}}.+)*)", kind.__doc__ or "", re.M)
    return "" if found is None else " ".join(found[1].split())


def _name_of(call: ast.Call, known: tuple[str, ...]) -> str:
    """The literal name that the call gives, or empty."""
    given = dict(zip(known, call.args, strict=False))
    given |= {word.arg: word.value for word in call.keywords if word.arg is not None}
    literal = given.get("name")
    return literal.value if isinstance(literal, ast.Constant) and isinstance(literal.value, str) else ""
