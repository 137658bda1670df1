"""What a table of the checks' page was measured on: the files of a check, and one digest of what they say.

Comments, docstrings and layout count for nothing; nor does the version of Python that reads them.
"""

from __future__ import annotations

import ast
from itertools import chain
from pathlib import Path
from typing import Any

from blake3 import blake3

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "comporta"
ROOMS = ("evidence", "gates", "stats")


def code_of(study: Path) -> tuple[str, ...]:
    """The files a study's table depends on, from the repository's root: the check's evidence and gate, what
    of `evidence`, `gates` and `stats` these import, and the study itself. Exits where there are none.

    `CODE` in a study names other files below the package, or whole rooms; `BESIDE` files beside the study."""
    own = list(chain(*(_files(SOURCE / each) for each in _declared(study, "CODE")))) or [
        file for room in ("evidence", "gates") if (file := SOURCE / room / study.name).exists()
    ]
    if not own or (missing := [str(file) for file in own if not file.exists()]):
        named = ", ".join(missing) if own else f"evidence/{study.name} and gates/{study.name}"
        raise SystemExit(f"{study.name}: found no {named}. Name the check's files in CODE.")
    used = {file for each in own for file in _used(each)}
    used |= {study.parent / each for each in _declared(study, "BESIDE")}
    return tuple(sorted(str(file.relative_to(ROOT)) for file in {*own, *used, study}))


def digest_of(files: tuple[str, ...]) -> str:
    """16 hex digits of BLAKE3 over what the files say."""
    told = [f"{name}\n{_said(_bare(ast.parse((ROOT / name).read_text())))}" for name in files]
    return blake3("\n".join(told).encode()).hexdigest(length=8)


def _files(named: Path) -> list[Path]:
    return sorted(named.glob("*.py")) if named.is_dir() else [named]


def _declared(study: Path, called: str) -> tuple[str, ...]:
    for node in ast.parse(study.read_text()).body:
        if isinstance(node, ast.Assign) and any(getattr(each, "id", "") == called for each in node.targets):
            return tuple(ast.literal_eval(node.value))
    return ()


def _used(file: Path) -> list[Path]:
    """The modules of the rooms that measure and judge that a file imports, and those that they import."""
    found: dict[Path, None] = {}
    left = [file]
    while left:
        for node in ast.walk(ast.parse(left.pop().read_text())):
            name = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
            room, _, module = name.removeprefix("comporta.").partition(".")
            of = SOURCE / room / f"{module}.py"
            if name.startswith("comporta.") and room in ROOMS and of.exists() and of not in found:
                found[of] = None
                left.append(of)
    return list(found)


def _bare(tree: ast.AST) -> ast.AST:
    """Without docstrings."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", None), str):
            node.body = body[1:]  # type: ignore[attr-defined]
    return tree


def _said(node: Any) -> str:
    """A tree as text; fields that hold nothing are left out, as newer Pythons have more of them."""
    if isinstance(node, ast.AST):
        fields = (
            f"{name}={_said(value)}" for name, value in ast.iter_fields(node) if value not in (None, [])
        )
        return f"{type(node).__name__}({','.join(fields)})"
    if isinstance(node, list):
        return f"[{','.join(_said(each) for each in node)}]"
    return repr(node)
