"""The digest of a project's own code as forms of checks held it while module and function names counted.

Only to be compared with what a ledger keeps from then: it is never stored anew.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from blake3 import blake3

from comporta.engine.form import is_docstring
from comporta.engine.graph import Graph
from comporta.engine.modules import Place
from comporta.engine.source import Statement, statements_of
from comporta.engine.walk import nodes
from comporta.project.sources import is_own_file


def former(graph: Graph, refs: Iterable[str], value: Callable[[Place, str], str]) -> str:
    """The digest of the project's statements and constants that these references reach, each by its label
    and name. value: the digest of a constant, the functions in it by their names. Raises BadProject."""
    parts: dict[str, str] = {}
    read = cache(_digests)
    for key, node in nodes(graph, refs):
        parts.update(node.outside)
        if key is None or not node.bare or node.file is None:
            continue
        kind, label, what = key
        place = graph.place_of(label)
        if kind == "value":
            parts[f"={label}:{what}"] = value(place, str(what))
        elif kind == "statement":
            statement = graph.statement(place, int(what))
            _add(parts, f"{label}:{_name(statement)}", read(node.file)[int(what)])
    lines = "\n".join(f"{part}\t{digest}" for part, digest in sorted(parts.items()))
    return blake3(lines.encode()).hexdigest()


def _add(parts: dict[str, str], part: str, digest: str) -> None:
    parts[part if parts.get(part, digest) == digest else f"{part}#{digest}"] = digest


def _name(statement: Statement) -> str:
    return ",".join(statement.binds) or statement.kind


def _digests(file: str) -> list[str]:
    """Of each statement's syntax tree, with every name as it is written."""
    if is_own_file(file):
        return []
    return [_digest(node) for node in statements_of(ast.parse(Path(file).read_bytes()))]


def _digest(node: ast.stmt) -> str:
    if not any(isinstance(each, ast.Attribute | ast.Name) and _documents(each) for each in ast.walk(node)):
        for each in ast.walk(node):
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and (
                each.body and is_docstring(each.body[0])
            ):
                del each.body[0]
    text = ast.dump(node, annotate_fields=False)
    return blake3(text.encode(errors="surrogatepass")).hexdigest(length=16)


def _documents(node: ast.Attribute | ast.Name) -> bool:
    return "__doc__" in (getattr(node, "attr", ""), getattr(node, "id", ""))
