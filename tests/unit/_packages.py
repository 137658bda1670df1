"""Copies of the package with one thing about them changed, and what a process that imports one tells."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "comporta"

DIGESTS = """
import json, sys
from pathlib import Path
from comporta.engine.code import CodeDigests
from comporta.opened.steps import STEPS
code = CodeDigests(Path(sys.argv[1]))
asked = sys.argv[2:] or STEPS.functions
print(json.dumps({id: code.of((STEPS.reference(id),)).digest for id in asked}))
"""


FOLLOWED = """
STEPS = Steps(
    functions={{id: ref.replace({old!r}, {new!r}) for id, ref in STEPS.functions.items()}},
    former=STEPS.former,
)
"""


def copied(to: Path) -> Path:
    """The package below this folder, which is to be first on the path."""
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    return Path(shutil.copytree(PACKAGE, to / "comporta", ignore=ignored))


def rewritten(package: Path, change: Callable[[ast.Module], ast.AST]) -> None:
    """Every file of it as its changed tree tells."""
    for file in package.rglob("*.py"):
        tree = ast.parse(file.read_text())
        file.write_text(ast.unparse(ast.fix_missing_locations(change(tree))))


def moved(package: Path, old: str, new: str) -> None:
    """The module `a.b` of the package is `a.c` from now on, for all that import it and for the steps."""
    file = package.joinpath(*old.split(".")).with_suffix(".py")
    file.rename(package.joinpath(*new.split(".")).with_suffix(".py"))
    table = package / "opened" / "steps.py"
    room, _, name = old.rpartition(".")
    last = new.rpartition(".")[2]
    for each in package.rglob("*.py"):
        if each != table:
            text = re.sub(rf"\bcomporta\.{re.escape(old)}\b", f"comporta.{new}", each.read_text())
            taken = rf"(from comporta\.{re.escape(room)} import (?:\w+, )*){name}\b"
            each.write_text(re.sub(taken, rf"\1{last} as {name}", text))
    with table.open("a") as out:
        out.write(FOLLOWED.format(old=f"comporta.{old}:", new=f"comporta.{new}:"))


def renamed(package: Path, old: str, new: str) -> None:
    """A name that stands for one thing alone is another from now on."""
    for each in package.rglob("*.py"):
        each.write_text(re.sub(rf"(?<![\w.]){old}\b(?!=)", new, each.read_text()))


def arguments_renamed(
    package: Path, module: str, function: str, *, declared: bool = True, **names: str
) -> None:
    """The step of `a.b` calls these arguments otherwise from now on. names: new name → the one it had."""
    file = package.joinpath(*module.split(".")).with_suffix(".py")
    tree = ast.parse(file.read_text())
    step = next(each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == function)
    new = {old: name for name, old in names.items()}
    for each in ast.walk(step):
        if isinstance(each, ast.Name):
            each.id = new.get(each.id, each.id)
        elif isinstance(each, ast.arg):
            each.arg = new.get(each.arg, each.arg)
    if declared:
        ids = ", ".join(f"{name}={old!r}" for name, old in names.items())
        step.decorator_list.append(ast.parse(f"argument_ids({ids})", mode="eval").body)
        tree.body.insert(2, _IMPORT)  # behind the docstring and `from __future__`
    file.write_text(ast.unparse(ast.fix_missing_locations(tree)))


_IMPORT = ast.parse("from comporta.records import argument_ids").body[0]


def told(package: Path, script: str, *arguments: object, cache: Path) -> dict[str, str]:
    """The JSON that the script prints when it is run with this copy."""
    env = {**os.environ, "PYTHONPATH": str(package.parent), "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found
