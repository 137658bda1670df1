"""The ids of a step's arguments: what recipes call them, whatever the function calls them by now."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

_Function = TypeVar("_Function", bound=Callable[..., Any])
_DECLARED = "__argument_ids__"


def argument_ids(**ids: str) -> Callable[[_Function], _Function]:
    """Declares that arguments of one of Comporta's steps were renamed: name in Python → its id.

    Plans and recipes hold the id; an argument without a declared one has its name as its id. Nothing misses
    its memory, and older recipes can be run again:

    >>> @argument_ids(rows="train")
    ... def fit(context, *, rows): ...
    >>> names_by_id(fit)
    {'train': 'rows'}
    """

    def declare(function: _Function) -> _Function:
        setattr(function, _DECLARED, ids)
        return function

    return declare


def names_by_id(function: Callable[..., Any]) -> dict[str, str]:
    """The id of each argument after the first → its name in Python, in the order of the signature. `**`
    stands for any further argument, whose name is its id."""
    declared: Mapping[str, str] = getattr(function, _DECLARED, {})
    found = {}
    for each in list(inspect.signature(function).parameters.values())[1:]:
        if each.kind is inspect.Parameter.VAR_KEYWORD:
            found["**"] = each.name
        elif each.kind is not inspect.Parameter.VAR_POSITIONAL:
            found[declared.get(each.name, each.name)] = each.name
    return found
