"""Whether a declaration's values are of the kinds its fields say: records do not check it when made."""

from __future__ import annotations

import collections.abc
import types
import typing
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, Union

import msgspec

from comporta.records import Record

_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "True or False", type(None): "None"}


def type_faults(record: Record) -> Iterator[tuple[str, str]]:
    """(field, message) for each field whose value is of another kind than it is declared with."""
    for field, hint in _hints(type(record)).items():
        value = getattr(record, field)
        if not fits(value, hint):
            yield field, f"found {_short(value)}, expected {_word(hint)}."


@cache
def _hints(kind: type[Record]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {field: hints[field] for field in kind.__struct_fields__}


def fits(value: Any, hint: Any) -> bool:
    """Whether the value is of this kind. A list passes for a tuple, a whole number for a number."""
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or _is_protocol(hint):
        return True
    if origin in (Union, types.UnionType):
        return any(fits(value, each) for each in inside)
    if origin is Literal:
        return isinstance(value, str) and value in inside
    if origin is tuple:
        return isinstance(value, tuple | list) and all(fits(each, inside[0]) for each in value)
    if origin is dict:
        return isinstance(value, dict) and all(
            fits(key, inside[0]) and fits(each, inside[1]) for key, each in value.items()
        )
    if origin is collections.abc.Callable:
        return callable(value)
    if isinstance(value, bool):
        return hint is bool
    return isinstance(value, (int, float) if hint is float else hint)


def _is_protocol(hint: Any) -> bool:
    return bool(getattr(hint, "_is_protocol", False))


def _word(hint: Any) -> str:
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(_word(each) for each in inside))
    if origin is Literal:
        return " or ".join(repr(each) for each in inside)
    if origin is tuple:
        return f"a tuple of {_word(inside[0])}, with a comma: (x,)"
    if origin is dict:
        return "a dict"
    if origin is collections.abc.Callable:
        return "a function"
    return _WORDS.get(hint) or f"a {getattr(hint, '__name__', hint)}"


def _short(value: Any) -> str:
    text = type(value).__name__ if isinstance(value, msgspec.Struct) or callable(value) else repr(value)
    return text if len(text) <= 60 else text[:59] + "…"
