"""The sentences that steps' code holds: so that mending a comma refits nothing, there are none."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from comporta.engine.code import CodeDigests
from comporta.engine.form import Form
from comporta.engine.source import codes, errors, statements_of
from comporta.opened.steps import STEPS
from comporta.project.sources import is_own_file

_WORDS = re.compile(r"[^\W\d_]{2,}(?:[ ,;:]+[^\W\d_]{2,}){2,}")


def sentences() -> set[str]:
    """Three words or more that a step's code digest depends on: texts that stand in a form."""
    code = CodeDigests(Path(__file__).parent)
    found: set[str] = set()
    reached = {place for id in STEPS.functions for place in code.statements((STEPS.reference(id),))}
    read: dict[str, list[list[str]]] = {}
    for file, index in sorted(reached):
        if is_own_file(file):
            texts = read.get(file) or read.setdefault(file, list(_texts(ast.parse(Path(file).read_text()))))
            found |= {" ".join(text.split()) for text in texts[index] if _WORDS.search(text)}
    return found


def _texts(tree: ast.Module) -> Iterator[list[str]]:
    """Of each statement, the literal texts that its form holds."""
    for node in statements_of(tree):
        yield Form(node, names=False, wordings=False, code=codes(tree), errors=errors(tree)).texts
