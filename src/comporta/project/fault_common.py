"""What the faults of every kind of declaration are found with."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from comporta.errors import BadProject
from comporta.project.dataset import Dataset
from comporta.project.features import JoinDeclaration
from comporta.project.locate import ProjectFault, SourceLocations
from comporta.project.reference import name_of
from comporta.records import duration

FieldFaults = Iterator[tuple[str, str]]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def with_location(
    places: SourceLocations, kind: str, name: str, found: FieldFaults
) -> Iterator[ProjectFault]:
    for field, message in found:
        yield places.fault(kind, name, field, f"{kind} {name!r}: {field}: {message}")


def name_faults(name: Any) -> FieldFaults:
    if isinstance(name, str) and _NAME.fullmatch(name) is None:
        yield "name", f"found {name!r}, expected a letter, then letters, digits, _ or -, at most 64."


def duration_faults(thing: Dataset | JoinDeclaration, *fields: str) -> FieldFaults:
    for field in fields:
        value = getattr(thing, field)
        if isinstance(value, str):
            try:
                duration(value)
            except BadProject as error:
                yield field, str(error)


def import_faults(field: str, function: Callable[..., Any], root: Path) -> FieldFaults:
    try:
        name_of(function, root)
    except BadProject as error:
        yield field, str(error)


def call_faults(field: str, function: Callable[..., Any], count: int) -> FieldFaults:
    try:
        inspect.signature(function).bind(*range(count))
    except ValueError:  # compiled callables tell nothing of what they take
        return
    except TypeError:
        want = "one frame" if count else "no argument"
        yield field, f"found {signature(function)}, expected a function that can be called with {want}."


def signature(function: Callable[..., Any]) -> str:
    return f"{getattr(function, '__name__', 'it')}{inspect.signature(function)}"


def as_sequence(value: Any) -> Any:
    """The value where it is a sequence; else nothing, its kind being a fault already named."""
    return value if isinstance(value, tuple | list) else ()


def duplicates_in(names: Iterable[Any]) -> list[Any]:
    seen: list[Any] = []
    found: list[Any] = []
    for name in names:
        if name in seen and name not in found:
            found.append(name)
        seen.append(name)
    return found
