"""A public class name stands once in the package, and modules of a room are not mistaken for one another."""

import ast
from collections import defaultdict
from importlib import import_module
from pathlib import Path

import comporta

ROOT = Path(comporta.__file__).parent

# Modules whose names differ by a plural: none is left, and none comes back.
STILL_ALIKE: set[str] = set()


def classes_by_name() -> dict[str, list[str]]:
    found = defaultdict(list)
    for file in sorted(ROOT.rglob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(file.relative_to(ROOT).as_posix())
    return found


def test_a_public_class_name_stands_once_in_the_package() -> None:
    assert classes_by_name()["DatasetSchema"] == ["records/dataset.py"], "the classes were found"
    assert {name: files for name, files in classes_by_name().items() if len(files) > 1} == {}


def test_no_two_modules_of_a_folder_differ_by_a_plural() -> None:
    names = {file.relative_to(ROOT).with_suffix("").as_posix() for file in ROOT.rglob("*.py")}
    alike = {name for name in names if f"{name}s" in names}
    assert alike == STILL_ALIKE


def imported(file: Path) -> list[tuple[str, str]]:
    """(module, name) of every `from comporta… import …` of the file, wherever it stands."""
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return [
        (node.module, alias.name)
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("comporta")
        for alias in node.names
    ]


def test_a_name_imported_from_a_room_that_loads_lazily_is_there() -> None:
    # Such a room's `__getattr__` hides a name that is gone from the type checker.
    lazy = {"comporta.data", "comporta.serve", "comporta.train"}
    names = {
        (module, name) for file in ROOT.rglob("*.py") for module, name in imported(file) if module in lazy
    }
    assert len(names) > 30, "the imports were found"
    missing = {
        f"{module}: {name}"
        for module, name in names
        if not hasattr(import_module(module), name) and not (ROOT / module[9:] / f"{name}.py").exists()
    }
    assert missing == set()
