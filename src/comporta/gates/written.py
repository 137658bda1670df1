"""A check as text that tells all its limits: what a policy is the digest of."""

from __future__ import annotations

import functools
import inspect
import textwrap
import types
from pathlib import Path
from typing import Any

import msgspec
from blake3 import blake3

from comporta.errors import BadProject
from comporta.records import Check


def written(check: Check) -> bytes:
    """Canonical JSON of a check and its kind. A function in it stands as where it is declared and the digest
    of its source text, so that an edited acceptance test is another policy.

    Raises BadProject on what cannot be written down: its limits could change unseen.
    """
    kind = f"{type(check).__module__}:{type(check).__qualname__}"
    try:
        return _encoder.encode([kind, check])
    except TypeError as fault:
        raise BadProject(
            f"gate {kind}: found a check that cannot be written down ({fault}), expected a frozen "
            "record or dataclass of plain values and functions of the project."
        ) from fault


def _function(value: Any) -> Any:
    """What stands for a function. Raises TypeError for what is none, or holds values of its own."""
    if isinstance(value, functools.partial):
        return {"partial": [value.func, list(value.args), dict(value.keywords)]}
    if not isinstance(value, types.FunctionType):
        raise TypeError(f"a {type(value).__name__}")
    if value.__closure__:
        raise TypeError(f"{value.__qualname__}, a function made inside another one")
    try:
        source = textwrap.dedent(inspect.getsource(value))
    except (OSError, TypeError):
        raise TypeError(f"{value.__qualname__}, a function without source text") from None
    module = value.__module__
    if module == "__main__":  # the same file, run or imported
        module = Path(value.__code__.co_filename).stem
    return {"function": f"{module}:{value.__qualname__}", "source": blake3(source.encode()).hexdigest()}


_encoder = msgspec.json.Encoder(order="deterministic", enc_hook=_function)
