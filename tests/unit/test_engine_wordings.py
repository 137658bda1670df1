"""What a step's code digest leaves out of Comporta's own files: wordings, and what things are called."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from comporta.engine.code import CodeDigests
from comporta.engine.source import statements_of
from comporta.opened.steps import STEPS

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "golden"))

from _packages import DIGESTS, PACKAGE, copied, moved, renamed, rewritten, told
from sentences import sentences


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("before")
    return told(copied(folder), DIGESTS, folder, cache=folder)


def differing(package: Path, before: dict[str, str], *steps: str) -> set[str]:
    """The ids whose code is another. steps: which are looked at; none: all."""
    after = told(package, DIGESTS, package.parent, *steps, cache=package.parent)
    assert after.keys() == (set(steps) or before.keys())
    return {id for id in after if after[id] != before[id]}


DECLARING = ("code", "quantity", "table", "column")


class Reworded(ast.NodeTransformer):
    """Every sentence that only people read, and every docstring, says something else."""

    def __init__(self) -> None:
        self.changed = 0
        self.errors: set[str] = set()

    def _say(self, node: ast.AST) -> None:
        """The sentences of an expression that is shown; none that a call, an index or a list has in it."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            node.value = f"otherwise said, {node.value}"
            self.changed += 1
        elif isinstance(node, ast.JoinedStr | ast.FormattedValue | ast.IfExp):
            for field in ("values", "value", "body", "orelse"):
                for each in [getattr(node, field, [])]:
                    for part in each if isinstance(each, list) else [each]:
                        self._say(part)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            self._say(node.left)
            self._say(node.right)

    def _say_all(self, call: ast.Call) -> None:
        for each in (*call.args, *(keyword.value for keyword in call.keywords)):
            self._say(each)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        if node.module == "comporta.errors":
            self.errors |= {each.asname or each.name for each in node.names}
        return node

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if isinstance(node.exc, ast.Call):
            self._say_all(node.exc)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        if node.msg is not None:
            self._say(node.msg)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        called = node.value.func if isinstance(node.value, ast.Call) else None
        if getattr(called, "id", getattr(called, "attr", "")) in ("say", "_say"):
            self._say_all(node.value)
            return node
        return self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        if isinstance(node.targets[0], ast.Attribute) and node.targets[0].attr == "reason":
            self._say(node.value)
            return node
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id in self.errors:
            self._say_all(node)
            return node
        if isinstance(node.func, ast.Name) and node.func.id in DECLARING and len(node.args) == 2:
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


def test_a_comma_in_what_a_training_function_is_told_changes_no_steps_code(
    tmp_path: Path, before: dict[str, str]
) -> None:
    package = copied(tmp_path)
    file = package / "train" / "call.py"
    text = file.read_text()
    assert "that is not fitted, expected a fitted one" in text
    file.write_text(text.replace("that is not fitted, expected", "that is not fitted: expected"))
    assert differing(package, before) == set()


def test_a_moved_module_changes_no_steps_code(tmp_path: Path, before: dict[str, str]) -> None:
    package = copied(tmp_path)
    for old, new in (
        ("stats.bootstrap", "stats.resampling"),
        ("store.frames", "store.a_tables"),
        ("train.call", "train.zz_asked"),
        ("train.steps", "train.questions"),
        ("checks.noise.measure", "checks.noise.perturbed"),
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
        "rows = dress(read(context",
        "rows = learn_fields(read(context",
    ),
    "a constant": ("train/target.py", "CLASSES = 20", "CLASSES = 21"),
    "what a name is imported from": (
        "train/steps.py",
        "row_weights, task_of",
        "row_weights, CLASSES as task_of",
    ),
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
    found = differing(package, before, "train.export", "train.fit", "data.snapshot")
    assert "train.export" in found or "train.fit" in found
    assert "data.snapshot" not in found


def test_no_step_holds_a_sentence() -> None:
    assert sentences() == set(), "declare a code for it, or say wording(…) where it is a part of an error"


def test_no_step_makes_a_sentence_of_a_code(tmp_path: Path) -> None:
    message = PACKAGE / "records" / "message.py"
    names = [getattr(node, "name", "") for node in statements_of(ast.parse(message.read_text()))]
    code = CodeDigests(tmp_path)
    for id in STEPS.functions:
        reached = {
            names[place] for file, place in code.statements((STEPS.reference(id),)) if file == str(message)
        }
        assert not reached & {"say", "codes_in"}, "the sentence of a code counts for no step's digest"


NAMES_READ = {
    "data/features.py name_of",  # a project's feature function
    "checks/acceptance/measure.py measure",  # a project's acceptance test
    "checks/scenario/measure.py measure",  # a project's change of rows
    "acts/judge/candidate.py serve_candidate",  # the module to start, wherever it lies
    "opened/isolated.py IsolatedSource",  # which package an import of a project's module is made from
    "project/sources.py value",  # the folder of Comporta's own files
    "records/kind.py kind_of",  # what a project's value is, in a message
    "serve/grpc/messages.py value",  # the folder of the protocol's own file
    # Which estimators a library has: what it is asked to trust, never what a recipe is made of.
    "train/families/scikit_learn/trusted.py PublicEstimators",
    "train/families/scikit_learn/trusted.py _declared_in",
    "train/families/scikit_learn/trusted.py is_public_estimator",
    "train/families/scikit_learn/trusted.py public_estimators",
    "train/families/xgboost/names.py _spelling",  # how XGBoost calls its classes
    "train/asking.py refit_estimator",  # a project's training function
    "train/call.py call_fit",
    "train/call.py _kind",  # a library's array
    "train/families/lightgbm/codec.py LightGBMText",  # LightGBM's classes
    "train/families/lightgbm/prediction.py compile_lightgbm",
    "train/families/xgboost/codec.py XGBoostJson",  # XGBoost's classes
    "train/families/xgboost/prediction.py compile_xgboost",
    "train/steps.py fit",
}
"""Code of steps that reads a name at run time. None is of a function of Comporta's own, whose names do not
count; whoever adds one looks at that."""


def test_what_reads_a_name_reads_none_that_does_not_count(tmp_path: Path) -> None:
    code, found = CodeDigests(tmp_path), set()
    for place in {place for id in STEPS.functions for place in code.statements((STEPS.reference(id),))}:
        file, node = Path(place[0]), statements_of(ast.parse(Path(place[0]).read_text()))
        statement = list(node)[place[1]]
        if PACKAGE in file.parents and any(map(reads_a_name, ast.walk(statement))):
            found.add(f"{file.relative_to(PACKAGE).as_posix()} {getattr(statement, 'name', 'value')}")
    assert found <= NAMES_READ


def reads_a_name(node: ast.AST) -> bool:
    names = ("__name__", "__qualname__", "__module__")
    if isinstance(node, ast.Attribute):
        of_class = isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "type"
        return node.attr in names and not of_class
    if isinstance(node, ast.Constant):
        return node.value in names
    return isinstance(node, ast.Name) and node.id in (
        "__name__",
        "__file__",
        "__package__",
        "globals",
        "locals",
    )
