"""A check as text that tells all its limits: what a policy is the digest of."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
import types
from collections.abc import Callable
from typing import Any

import msgspec
from blake3 import blake3

from comporta.errors import BadProject
from comporta.records import Check
from comporta.records.record import unusual


def canonical_json(check: Check) -> bytes:
    """Canonical JSON of a check: its kind, and its values by their declared names, those left out that are as
    usual: a field that is added later changes no check that does not use it. A function stands as the digest
    of its source text, and a kind that is not Comporta's as that of what it does: an edited test is another
    policy, a reworded docstring or title is not.

    Raises BadProject on what cannot be written down: its limits could change unseen.
    """
    return _encode(check, [kind_of(check), _values(check), *_source_of(check)], source_alone)


def kind_of(check: Check) -> str:
    """Its declared kind, or empty for a project's own that declares none."""
    kind = getattr(type(check), "kind", "")
    return kind if isinstance(kind, str) else ""


def functions_in(check: Check) -> tuple[Any, ...]:
    """The functions in a check, and its kind where that is not Comporta's: what they call decides too what
    it asks. Raises BadProject, as `canonical_json`."""
    found: list[Any] = [] if ours(type(check)) else [type(check)]

    def note(value: Any) -> Any:
        told = source_alone(value)
        if isinstance(value, types.FunctionType):
            found.append(value)
        return told

    _encode(check, check, note)
    return tuple(found)


def ours(kind: type) -> bool:
    """Whether it is one of Comporta's."""
    return kind.__module__.partition(".")[0] == "comporta"


def plain(value: Any) -> Any:
    """What stands for something that is no plain data and no function. Raises TypeError for what none may."""
    if isinstance(value, functools.partial):
        return {"partial": [value.func, list(value.args), dict(value.keywords)]}
    if not isinstance(value, types.FunctionType):
        raise TypeError(f"a {type(value).__name__}")
    if value.__closure__:
        raise TypeError(f"{value.__qualname__}, a function made inside another one")
    return None


def source(value: Any) -> str:
    """The digest of its source text. Raises TypeError where there is none."""
    try:
        text = textwrap.dedent(inspect.getsource(value))
    except (OSError, TypeError):
        raise TypeError(f"{value.__qualname__}, without source text") from None
    return blake3(text.encode()).hexdigest()


def class_digest(kind: type) -> str:
    """The digest of what a class says, less comments, layout, docstrings and its `title`, which people read.
    The same in every version of Python. Raises TypeError where there is no source text."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(kind)))
    except (OSError, TypeError, SyntaxError):
        raise TypeError(f"{kind.__qualname__}, without source text") from None
    (node,) = tree.body
    if isinstance(node, ast.ClassDef):
        node.body = [each for each in node.body if "title" not in _bound_names(each)]
    # Where it reads a docstring, docstrings decide.
    named = {getattr(each, "attr", getattr(each, "id", "")) for each in ast.walk(tree)}
    return blake3(_form_of(node, "__doc__" in named).encode(errors="surrogatepass")).hexdigest()


def source_alone(value: Any) -> Any:
    """A function as the digest of its source text, wherever it is declared."""
    return plain(value) or {"source": source(value)}


def unwritable(check: Check, fault: TypeError) -> BadProject:
    """That a check holds what cannot be written down."""
    kind = type(check)
    return BadProject(
        f"gate {kind.__module__}:{kind.__qualname__}: found a check that cannot be written down ({fault}), "
        "expected a frozen record or dataclass of plain values and functions of the project."
    )


def _source_of(check: Check) -> tuple[type, ...]:
    return () if ours(type(check)) else (type(check),)


def _values(check: Check) -> Any:
    """By declared names: what the fields of a record are called where it is stored. What is usual for a kind
    of the project's own stands in its code, so all is told of it."""
    if not isinstance(check, msgspec.Struct) or not ours(type(check)):
        return check
    return unusual(check)


def _encode(check: Check, value: Any, hook: Callable[[Any], Any]) -> bytes:
    def encode_value(each: Any) -> Any:
        return class_digest(each) if isinstance(each, type) else hook(each)

    try:
        return msgspec.json.Encoder(order="deterministic", enc_hook=encode_value).encode(value)
    except TypeError as fault:
        raise unwritable(check, fault) from fault


def _bound_names(node: ast.stmt) -> tuple[str, ...]:
    """The names that one statement of a class gives a value."""
    if isinstance(node, ast.FunctionDef):
        return (node.name,)
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return tuple(each.id for each in targets if isinstance(each, ast.Name))


def _form_of(value: Any, documents: bool) -> str:
    """A syntax tree as text. What holds nothing is left out: newer Pythons have more such fields."""
    if isinstance(value, list):
        return f"[{','.join(_form_of(each, documents) for each in value)}]"
    if not isinstance(value, ast.AST):
        return repr(value)
    fields = dict(ast.iter_fields(value))
    if not documents and isinstance(value, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        said = ast.get_docstring(value, clean=False) is not None
        fields["body"] = value.body[1:] if said else value.body
    told = (f"{name}={_form_of(each, documents)}" for name, each in fields.items() if each not in (None, []))
    return f"{type(value).__name__}({','.join(told)})"
