"""What a step's code digest leaves out of Comporta's own files: wordings, and what things are called."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from _packages import DIGESTS, copied, moved, renamed, rewritten, told


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("before")
    return told(copied(folder), DIGESTS, folder, cache=folder)


def differing(package: Path, before: dict[str, str]) -> set[str]:
    after = told(package, DIGESTS, package.parent, cache=package.parent)
    assert after.keys() == before.keys()
    return {id for id in after if after[id] != before[id]}


class Reworded(ast.NodeTransformer):
    """Every sentence that only people read, and every docstring, says something else."""

    def __init__(self) -> None:
        self.changed = 0

    def _say(self, node: ast.AST) -> None:
        for each in ast.walk(node):
            if isinstance(each, ast.Constant) and isinstance(each.value, str) and " " in each.value:
                each.value = f"otherwise said, {each.value}"
                self.changed += 1

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if isinstance(node.exc, ast.Call):
            self._say(node.exc)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        if node.msg is not None:
            self._say(node.msg)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        if isinstance(node.targets[0], ast.Attribute) and node.targets[0].attr == "reason":
            self._say(node.value)
            return node
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == "print":
            self._say(node)
            return node
        if isinstance(node.func, ast.Name) and node.func.id == "code" and len(node.args) == 2:
            self._say(node.args[1])
            return node
        return self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if ast.get_docstring(node):
            self._say(node.body[0])
        return self.generic_visit(node)


def test_a_reworded_message_changes_no_steps_code(tmp_path: Path, before: dict[str, str]) -> None:
    package, reworded = copied(tmp_path), Reworded()
    rewritten(package, reworded.visit)
    assert reworded.changed > 1000
    assert differing(package, before) == set()


def test_a_moved_module_changes_no_steps_code(tmp_path: Path, before: dict[str, str]) -> None:
    package = copied(tmp_path)
    for old, new in (
        ("stats.bootstrap", "stats.resampling"),
        ("store.frames", "store.a_tables"),
        ("train.call", "train.zz_asked"),
        ("train.steps", "train.questions"),
        ("evidence.noise", "evidence.perturbed"),
        ("records.columns", "records.names"),
    ):
        moved(package, old, new)
    assert differing(package, before) == set()


RENAMED = (("learn_fields", "fields_to_learn"), ("require_answer", "must_answer"), ("_nullable", "_may_lack"))


def test_a_renamed_function_changes_no_steps_code(tmp_path: Path, before: dict[str, str]) -> None:
    package = copied(tmp_path)
    for old, new in RENAMED:
        renamed(package, old, new)
    assert differing(package, before) == set()


EDITS = {
    "what a function does": ("train/frames.py", "series.dtype == wanted", "series.dtype != wanted"),
    "which of two functions is called": (
        "train/steps.py",
        "rows = dress(read(desk",
        "rows = learn_fields(read(desk",
    ),
    "a constant": ("train/target.py", "CLASSES = 20", "CLASSES = 21"),
    "what a name is imported from": ("train/steps.py", "import task_of", "import CLASSES as task_of"),
    "a word that decides": ("train/target.py", 'return "regression"', 'return "binary"'),
    "an attribute": ("train/steps.py", "takes.features)", "takes.raw)"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_that_could_change_an_answer_changes_the_code_of_the_steps_that_reach_it(
    tmp_path: Path, before: dict[str, str], edit: str
) -> None:
    package = copied(tmp_path)
    name, old, new = EDITS[edit]
    file = package / name
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    found = differing(package, before)
    assert "train.export" in found or "train.fit" in found
    assert "data.snapshot" not in found
