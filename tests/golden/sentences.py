"""The sentences that steps' code holds: so that mending a comma refits nothing, there should be none.

What measures holds none. Those of reading data and requests stand in `sentences.txt`, which can only shrink:
python tests/golden/sentences.py takes out what no step's code holds any longer.
"""

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


LEFT = Path(__file__).with_name("sentences.txt")


def sentences(*rooms: str) -> set[str]:
    """Three words or more that a step's code digest depends on: texts that stand in a form. rooms:
    of the code in these folders of the package alone."""
    code = CodeDigests(Path(__file__).parent)
    found: set[str] = set()
    reached = {place for id in STEPS.functions for place in code.statements((STEPS.reference(id),))}
    read: dict[str, list[list[str]]] = {}
    for file, index in sorted(reached):
        if is_own_file(file) and (not rooms or room_of(file) in rooms):
            texts = read.get(file) or read.setdefault(file, list(_texts(ast.parse(Path(file).read_text()))))
            found |= {" ".join(text.split()) for text in texts[index] if _WORDS.search(text)}
    return found


def room_of(file: str) -> str:
    """`checks` of `comporta/checks/noise/measure.py`."""
    return file.rpartition("/comporta/")[2].partition("/")[0]


def _texts(tree: ast.Module) -> Iterator[list[str]]:
    """Of each statement, the literal texts that its form holds."""
    for node in statements_of(tree):
        yield Form(node, names=False, wordings=False, code=codes(tree), errors=errors(tree)).texts


def allowed() -> set[str]:
    """Those that are left."""
    return set(LEFT.read_text().splitlines())


if __name__ == "__main__":
    LEFT.write_text("\n".join(sorted(sentences() & allowed())) + "\n")
