"""Takes out of `sentences.txt` what no step's code holds any longer. It can only shrink.

python tests/golden/sentences_write.py
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from comporta.engine.code import Code
from comporta.engine.form import is_docstring
from comporta.engine.source import statements_of
from comporta.loop.steps import STEPS
from comporta.project.sources import own

LEFT = Path(__file__).with_name("sentences.txt")
_WORDS = re.compile(r"[^\W\d_]{2,}(?:[ ,;:]+[^\W\d_]{2,}){2,}")


def sentences() -> set[str]:
    """Three words or more that a step's code digest depends on: they are neither a docstring nor said by an
    error, a printed line or the declaration of a code."""
    code = Code(Path(__file__).parent)
    found: set[str] = set()
    reached = {place for id in STEPS.functions for place in code.statements((STEPS.where(id),))}
    trees: dict[str, list[ast.stmt]] = {}
    for file, index in sorted(reached):
        if own(file):
            nodes = trees.get(file) or trees.setdefault(
                file, list(statements_of(ast.parse(Path(file).read_text())))
            )
            found |= set(_said(nodes[index]))
    return found


def _said(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Raise | ast.Assert) or _is_wording(node):
        return
    if isinstance(node, ast.JoinedStr):
        text = "".join(str(each.value) if isinstance(each, ast.Constant) else "{}" for each in node.values)
        if _WORDS.search(text):
            yield " ".join(text.split())
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _WORDS.search(node.value):
        yield " ".join(node.value.split())
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.Expr) and is_docstring(child)):
            yield from _said(child)


def _is_wording(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in ("print", "code")
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    return isinstance(target, ast.Attribute) and target.attr == "reason"


def allowed() -> set[str]:
    """Those that were there when this began to be counted."""
    return set(LEFT.read_text().splitlines())


if __name__ == "__main__":
    LEFT.write_text("\n".join(sorted(sentences() & allowed())) + "\n")
