"""What a value is, as a message says it: `an integer`, `nothing (None)`, `an LGBMClassifier`."""

from __future__ import annotations

from types import FunctionType, GeneratorType
from typing import Any

_WORDS: dict[type, str] = {
    type(None): "nothing (None)",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "text",
    bytes: "bytes",
    list: "a list",
    tuple: "a tuple",
    dict: "a dict",
    set: "a set",
    GeneratorType: "a generator",
}


def kind_of(value: Any) -> str:
    """The kind of a value, with its article; of a function or class, its name."""
    kind = type(value)
    if kind in _WORDS:
        return _WORDS[kind]
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if kind is FunctionType:
        return f"the function {value.__name__}"
    return with_article(kind.__name__)


def with_article(name: str) -> str:
    """`a Ridge`, `an ElasticNet`, `an SVC`: by how the first letter sounds."""
    spelled = name[:2].isupper()  # read letter by letter: an SVC, a UDF
    sounds = name[:1] in "AEFHILMNORSX" if spelled else name[:1].lower() in "aeio"
    return f"{'an' if sounds else 'a'} {name}"
