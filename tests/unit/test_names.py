"""A public class name stands once in the package, and modules of a room are not mistaken for one another."""

import ast
import re
from collections import defaultdict
from functools import cache
from importlib import import_module
from pathlib import Path

import comporta

ROOT = Path(comporta.__file__).parent

# Modules whose names differ by a plural: none is left, and none comes back.
STILL_ALIKE: set[str] = set()


@cache
def tree_of(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def classes_by_name() -> dict[str, list[str]]:
    found = defaultdict(list)
    for file in sorted(ROOT.rglob("*.py")):
        for node in tree_of(file).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(file.relative_to(ROOT).as_posix())
    return found


def test_a_public_class_name_stands_once_in_the_package() -> None:
    assert classes_by_name()["DatasetSchema"] == ["records/dataset.py"], "the classes were found"
    assert {name: files for name, files in classes_by_name().items() if len(files) > 1} == {}


# To rename these changes what steps of checks are remembered by: when they are measured anew anyway.
STILL_TWICE = {
    # Of a verdict, and of a unit: the former is in what tables of error rates were measured on.
    "records/Outcome",
    "checks/Criterion",
    "checks/Kind",
    "checks/Opened",
}


def types_by_room() -> dict[str, set[str]]:
    """`room/Name` of every public class and every alias of a type → the files that define it."""
    found = defaultdict(set)
    for file in sorted(ROOT.rglob("*/*.py")):
        path = file.relative_to(ROOT)
        for node in tree_of(file).body:
            targets = node.targets if isinstance(node, ast.Assign) else [node]
            for target in targets:
                name = target.name if isinstance(target, ast.ClassDef) else getattr(target, "id", "")
                if re.fullmatch(r"[A-Z]\w*[a-z]\w*", name):
                    found[f"{path.parts[0]}/{name}"].add(path.as_posix())
    return found


def test_the_name_of_a_type_stands_once_in_its_room() -> None:
    assert types_by_room()["records/ModelTask"] == {"records/metric.py"}, "aliases were found"
    twice = {name for name, files in types_by_room().items() if len(files) > 1}
    assert twice == STILL_TWICE


def test_no_two_modules_of_a_folder_differ_by_a_plural() -> None:
    names = {file.relative_to(ROOT).with_suffix("").as_posix() for file in ROOT.rglob("*.py")}
    alike = {name for name in names if f"{name}s" in names}
    assert alike == STILL_ALIKE


def imported(file: Path) -> list[tuple[str, str]]:
    """(module, name) of every `from comporta… import …` of the file, wherever it stands."""
    nodes = ast.walk(tree_of(file))
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


# The irregular participles; the regular ones end in -ed.
IRREGULAR = {
    "told",
    "held",
    "kept",
    "found",
    "asked",
    "said",
    "lent",
    "spare",
    "seen",
    "given",
    "taken",
    "made",
    "done",
    "known",
    "shown",
    "drawn",
    "written",
    "sent",
    "left",
    "lost",
    "gone",
    "met",
    "built",
    "chosen",
    "broken",
    "fallen",
    "hidden",
    "driven",
    "thrown",
    "torn",
    "spoken",
    "begun",
    "meant",
    "paid",
    "bought",
    "brought",
    "caught",
    "taught",
    "thought",
    "sold",
    "spent",
    "stood",
    "stuck",
    "sought",
    "shut",
    "lit",
    "led",
    "bound",
    "won",
    "forgotten",
    "laid",
}
# Functions: verbs whose plain form ends like one, nouns, a command's word, what was released as a constructor
# or in a protocol, and what reads as an adjective of its object.
FUNCTIONS = {
    "need",
    "seed",
    "feed",
    "bound",
    "required",
    "failed",
    "rejected",
    "calibrated",
    "explained",
    "replayed",
    "made",
    # A state of units, that a protocol has as a property.
    "unlabelled",
}
# Classes: errors and checks as they were released, and nouns.
CLASSES = {"Accepted", "Bound", "Calibrated", "Done", "Explained", "Need", "Refused", "Replayed", "Tampered"}
# Fields: what is stored or declared under that name since it was released; a tree's child; a bound.
FIELDS = {
    "Features.known",
    "FeatureDeclaration.known",
    "FeatureFaults.broken",
    "FeatureQuality.broken",
    "ExpectationCount.broken",
    "Fragment.hidden",
    "DatasetLog.forgotten",
    "Judgement.bound",
    "Import.bound",
    "ModelPart.known",
    "PrivacyStructure.kept",
    "RecorderCounts.lost",
    "RecorderCounts.written",
    "RowCounts.lost",
    "RowCounts.written",
    "Tree.left",
}


def definitions() -> list[tuple[str, str, str]]:
    """(kind, where, name) of every function, class and field of a record."""
    found = []
    for file in sorted(ROOT.rglob("*.py")):
        where = file.relative_to(ROOT).as_posix()
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.append(("function", where, node.name))
            elif isinstance(node, ast.ClassDef):
                found.append(("class", where, node.name))
                found += [
                    ("field", where, f"{node.name}.{each.target.id}")
                    for each in node.body
                    if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
                ]
    return found


def is_participle(name: str) -> bool:
    """Whether the one word of a name is a participle."""
    word = name.strip("_")
    if not re.fullmatch("[A-Za-z][a-z]*", word):
        return False
    return word.lower() in IRREGULAR or word.endswith("ed")


def test_no_function_or_class_is_named_by_a_bare_participle() -> None:
    named = definitions()
    assert ("function", "records/message.py", "say") in named, "the definitions were found"
    bare = {
        f"{where}:{name}"
        for kind, where, name in named
        if (kind == "function" and name.strip("_") not in FUNCTIONS)
        or (kind == "class" and name.strip("_") not in CLASSES)
        if is_participle(name)
    }
    assert bare == set()


def test_no_field_of_a_record_is_named_by_a_participle_that_says_nothing() -> None:
    # Those in -ed are states, as in `required` or `removed`; the others are our own dialect.
    bare = {
        name
        for kind, _, name in definitions()
        if kind == "field" and name.rpartition(".")[2].strip("_") in IRREGULAR
    }
    assert bare - FIELDS == set()
    assert FIELDS - bare == set(), "an entry that is no longer needed goes"
