"""A check as text that tells all its limits: what a policy is the digest of."""

from __future__ import annotations

import functools
import inspect
import sys
import textwrap
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from blake3 import blake3

from comporta.errors import BadProject
from comporta.records import Check


def written(check: Check) -> bytes:
    """Canonical JSON of a check and its kind. A function in it stands as where it is declared and the digest
    of its source text, and so does a kind that is not Comporta's: an edited test is another policy.

    Raises BadProject on what cannot be written down: its limits could change unseen.
    """
    return _written(check, _function)


def reached(check: Check) -> tuple[Any, ...]:
    """The functions in a check, and its kind where that is not Comporta's: what they call decides too what
    it asks. Raises BadProject, as `written`."""
    found: list[Any] = [] if _ours(type(check)) else [type(check)]

    def noted(value: Any) -> Any:
        told = _function(value)
        if isinstance(value, types.FunctionType):
            found.append(value)
        return told

    _written(check, noted)
    return tuple(found)


def _written(check: Check, hook: Callable[[Any], Any]) -> bytes:
    kind = f"{_module(type(check))}:{type(check).__qualname__}"
    try:
        own = () if _ours(type(check)) else (_source(type(check)),)
        return msgspec.json.Encoder(order="deterministic", enc_hook=hook).encode([kind, check, *own])
    except TypeError as fault:
        raise BadProject(
            f"gate {kind}: found a check that cannot be written down ({fault}), expected a frozen "
            "record or dataclass of plain values and functions of the project."
        ) from fault


def _ours(kind: type) -> bool:
    return kind.__module__.partition(".")[0] == "comporta"


def _function(value: Any) -> Any:
    """What stands for a function. Raises TypeError for what is none, or holds values of its own."""
    if isinstance(value, functools.partial):
        return {"partial": [value.func, list(value.args), dict(value.keywords)]}
    if not isinstance(value, types.FunctionType):
        raise TypeError(f"a {type(value).__name__}")
    if value.__closure__:
        raise TypeError(f"{value.__qualname__}, a function made inside another one")
    return {"function": f"{_module(value)}:{value.__qualname__}", "source": _source(value)}


def _module(value: Any) -> str:
    """Where it is declared: the same whether its file is run or imported."""
    module = str(value.__module__)
    file = getattr(sys.modules.get(module), "__file__", None)
    return Path(file).stem if module == "__main__" and file else module


def _source(value: Any) -> str:
    """The digest of its source text. Raises TypeError where there is none."""
    try:
        source = textwrap.dedent(inspect.getsource(value))
    except (OSError, TypeError):
        raise TypeError(f"{value.__qualname__}, without source text") from None
    return blake3(source.encode()).hexdigest()
