"""A model family is one folder and its lines in one list; what a step counts of it is what it uses."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from comporta.engine.code import CodeDigests
from comporta.opened.steps import STEPS

PACKAGE = Path(__file__).parents[2] / "src" / "comporta"
FAMILY = re.compile(r"\b(lightgbm|xgboost|catboost|sklearn|skl2onnx|onnxmltools|onnxruntime)\b|^LGBM|^XGB")
OTHERS = {
    "opened/unaudited.py": "libraries whose readers ask no audit hook, as text",
    "checks/attribute_inference/measure.py": "an attacker is a model of scikit-learn's",
    "checks/leakage/removal.py": "trees that look for a leak are scikit-learn's",
    "checks/membership/measure.py": "an attacker is a model of scikit-learn's",
    "stats/simple.py": "plain models that a candidate is compared with",
    "train/export.py": "the tensors of a graph's inputs",
    "train/onnx_inputs.py": "the tensors of a graph's inputs",
}
"""Where else a library of models is named in code, and why."""


def test_no_code_outside_the_families_names_a_library_of_models() -> None:
    found = {
        file.relative_to(PACKAGE).as_posix()
        for file in PACKAGE.rglob("*.py")
        if not file.is_relative_to(PACKAGE / "train" / "families") and named(ast.parse(file.read_text()))
    }
    assert found <= OTHERS.keys(), "put it into train/families/<name>/, and offer it by FittedModel"


def named(tree: ast.Module) -> bool:
    """Whether code, docstrings aside, imports or spells a library of models."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import) and any(FAMILY.search(each.name) for each in node.names):
            return True
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if FAMILY.search(module) and not module.startswith("comporta."):
                return True
        word = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if FAMILY.search(word) and not re.search(r"\s", word):
            return True
    return False


def test_a_mended_attribution_or_structure_fits_and_exports_nothing_again(tmp_path: Path) -> None:
    code = CodeDigests(tmp_path)
    for id in ("train.fit", "train.export", "train.predict"):
        files = {Path(file) for file, _ in code.statements((STEPS.reference(id),))}
        assert PACKAGE / "train" / "families" / "lightgbm" / "codec.py" in files
        families = {file.name for file in files if file.is_relative_to(PACKAGE / "train")}
        assert not families & {"attribution.py", "structure.py", "parts.py"}


def test_a_fit_counts_no_export(tmp_path: Path) -> None:
    files = {Path(file) for file, _ in CodeDigests(tmp_path).statements((STEPS.reference("train.fit"),))}
    families = {file.relative_to(PACKAGE).as_posix() for file in files if "families" in file.parts}
    assert not {each for each in families if each.endswith(("export.py", "prediction.py"))}
