"""What a table of the checks' page was measured on: the files of a check, and one digest of what they say.

Comments, docstrings and layout count for nothing, nor do wordings, file names and import lines; nor does the
version of Python that reads them.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

from blake3 import blake3

from comporta.engine.form import Form
from comporta.engine.source import codes, errors, statements_of, text_hash

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "comporta"
ROOMS = ("checks", "stats")


def code_of(study: Path) -> tuple[str, ...]:
    """The files a study's table depends on, from the repository's root: the check's folder, what of `checks`
    and `stats` it imports, and the study itself. Exits where there are none.

    `CODE` in a study names other files below the package, or whole rooms; `BESIDE` files beside the study."""
    own = list(chain(*(_files(SOURCE / each) for each in _declared(study, "CODE")))) or [
        file for file in _files(SOURCE / "checks" / study.stem) if file.name != "__init__.py"
    ]
    if not own or (missing := [str(file) for file in own if not file.exists()]):
        named = ", ".join(missing) if own else f"checks/{study.stem}"
        raise SystemExit(f"{study.name}: found no {named}. Name the check's files in CODE.")
    used = {file for each in own for file in _used(each)}
    used |= {Path(os.path.normpath(study.parent / each)) for each in _declared(study, "BESIDE")}
    return tuple(sorted(str(file.relative_to(ROOT)) for file in {*own, *used, study}))


def digest_of(files: tuple[str, ...]) -> str:
    """16 hex digits of BLAKE3 over what the files say: not over what they are called, where their imports
    come from, nor over wordings."""
    among = frozenset(ROOT / name for name in files)
    told = sorted("\n".join(_told(file, among)) for file in among)
    return blake3("\n\n".join(told).encode()).hexdigest(length=8)


def _told(file: Path, among: frozenset[Path]) -> list[str]:
    """The forms of a file's statements, and of what each name that it imports and mentions stands for."""
    forms = [form for _, form in _forms(file) if form != "Import"]
    mentioned = {node.id for node in ast.walk(_tree(file)) if isinstance(node, ast.Name)}
    brought = {f"{bound} = {what}" for bound, what in _brought(file, among) if bound in mentioned}
    return [*forms, *sorted(brought)]


def _brought(file: Path, among: frozenset[Path]) -> Iterator[tuple[str, str]]:
    """Each name that a file imports: of one of the files the form of what it is there; of Comporta's others
    its name alone, which says no module; of a library the whole of it."""
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0], alias.name.removeprefix("comporta.")
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            ours = module.partition(".")[0] == "comporta"
            base = SOURCE.joinpath(*module.split(".")[1:]) if ours else file.parent / module
            of = base.with_suffix(".py")
            for alias in node.names:
                otherwise = alias.name if ours or of.exists() else f"{module}.{alias.name}"
                there = _defined(alias.name, of) if of in among else ""
                yield alias.asname or alias.name, there or otherwise


def _defined(name: str, file: Path) -> str:
    """The digest of the statements of a file that give this name a value."""
    forms = [form for binds, form in _forms(file) if name in binds]
    return text_hash("\n".join(forms)) if forms else ""


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


@cache
def _forms(file: Path) -> tuple[tuple[frozenset[str], str], ...]:
    """Each statement of a file: the names that it binds, and its form."""
    tree = _tree(file)
    code, faults = codes(tree), errors(tree)
    return tuple(
        (_binds(node), Form(node, wordings=False, origins=False, code=code, errors=faults).text)
        for node in statements_of(tree)
    )


def _binds(node: ast.stmt) -> frozenset[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return frozenset({node.name})
    stored = (
        each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
    )
    return frozenset(stored)


def _files(named: Path) -> list[Path]:
    return sorted(named.rglob("*.py")) if named.is_dir() else [named]


def _declared(study: Path, called: str) -> tuple[str, ...]:
    for node in _tree(study).body:
        if isinstance(node, ast.Assign) and any(getattr(each, "id", "") == called for each in node.targets):
            return tuple(ast.literal_eval(node.value))
    return ()


def _used(file: Path) -> list[Path]:
    """The modules of the rooms that measure and judge that a file imports, and those that they import."""
    found: dict[Path, None] = {}
    left = [file]
    while left:
        new = [each for each in _imported(left.pop()) if each not in found]
        found.update(dict.fromkeys(new))
        left += new
    return list(found)


@cache
def _imported(file: Path) -> tuple[Path, ...]:
    taken = (node.module or "" for node in ast.walk(_tree(file)) if isinstance(node, ast.ImportFrom))
    named = (name.split(".")[1:] for name in taken if name.startswith("comporta."))
    there = (SOURCE.joinpath(*parts).with_suffix(".py") for parts in named if parts[0] in ROOMS)
    return tuple(each for each in dict.fromkeys(there) if each.exists())
