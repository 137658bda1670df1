"""A function's name in a recipe, and the function of a name."""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path

import pytest

from comporta.errors import BadProject
from comporta.project.reference import load_module, name_of, resolve
from comporta.project.sources import digest_at_import, text_digest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "project.py").write_text(
        "import functools\n"
        "from helper import loud\n"
        "from steps.fitting import fit_it\n"
        "def fit(X, y, *, depth=6):\n    return depth\n"
        "deeper = functools.partial(fit, depth=9)\n"
        "@loud\ndef shout(x):\n    return x\n"
        "class Model:\n    def fit(self, X):\n        return X\n"
        "def make():\n    def inner(x):\n        return x\n    return inner\n"
        "made = [make()]\n"
    )
    (tmp_path / "helper.py").write_text(
        "def loud(function):\n    def inner(*args):\n        return function(*args)\n    return inner\n"
    )
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps" / "fitting.py").write_text("def fit_it(X):\n    return X\n")
    return tmp_path


def test_a_function_of_the_project_is_named_by_its_file(root: Path) -> None:
    project = load_module(root / "project.py", root)
    assert name_of(project.fit, root) == "project.py:fit"
    assert name_of(project.fit_it, root) == "steps/fitting.py:fit_it"
    assert name_of(project.Model.fit, root) == "project.py:Model.fit"


def test_a_function_from_elsewhere_is_named_by_its_module(root: Path) -> None:
    assert name_of(json.dumps, root) == "json:dumps"
    assert resolve("json:dumps", root) is json.dumps


@pytest.mark.parametrize("name", ["fit", "deeper", "shout", "Model.fit"])
def test_a_name_leads_back_to_its_function(root: Path, name: str) -> None:
    project = load_module(root / "project.py", root)
    function = functools.reduce(getattr, name.split("."), project)
    assert name_of(function, root) == f"project.py:{name}"
    assert resolve(f"project.py:{name}", root) is function


def test_a_function_whose_module_was_dropped_is_still_named_by_its_file(root: Path) -> None:
    fit = load_module(root / "project.py", root).fit
    del sys.modules["project"]
    assert name_of(fit, root) == "project.py:fit"


def test_what_a_fresh_process_cannot_find_is_refused_with_what_to_do(root: Path) -> None:
    project = load_module(root / "project.py", root)
    with pytest.raises(BadProject, match=r"found a lambda.*Declare it with `def`"):
        name_of(lambda x: x, root)
    with pytest.raises(BadProject, match="made inside another function"):
        name_of(project.made[0], root)
    with pytest.raises(BadProject, match="without a name of its own"):
        name_of(functools.partial(project.fit, depth=1), root)


def test_a_function_of_a_notebook_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cell(x: int) -> int:
        return x

    cell.__module__, cell.__qualname__ = "__main__", "cell"
    monkeypatch.setattr(sys.modules["__main__"], "cell", cell, raising=False)
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    with pytest.raises(BadProject, match=r"notebook.*Move it into a \.py file"):
        name_of(cell, root)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def fit(:\n", r"SyntaxError.*project\.py:1"),
        ("import helper\n1 / 0\n", r"ZeroDivisionError.*project\.py:2"),
        ("import absent_package\n", r"ModuleNotFoundError.*project\.py:1"),
    ],
)
def test_a_file_that_cannot_be_imported_is_told_with_its_line(root: Path, text: str, said: str) -> None:
    (root / "project.py").write_text(text)
    with pytest.raises(BadProject, match=said):
        resolve("project.py:fit", root)


def test_a_missing_file_or_name_is_told(root: Path) -> None:
    with pytest.raises(BadProject, match="found no such file"):
        resolve("absent.py:fit", root)
    with pytest.raises(BadProject, match="found no 'absent'"):
        resolve("project.py:absent", root)


def test_two_projects_with_modules_of_the_same_name_do_not_mix(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "project.py").write_text("from helper import VALUE\ndef fit(X):\n    return VALUE\n")
    (other / "helper.py").write_text("VALUE = 2\n")
    mine = resolve("project.py:fit", root)
    theirs = resolve("project.py:fit", other)
    assert theirs(0) == 2 and name_of(theirs, other) == "project.py:fit"
    assert resolve("project.py:fit", root)(0, 0) == mine(0, 0) == 6


def test_a_stale_compiled_file_is_never_run(root: Path) -> None:
    (root / "helper.py").write_text("def loud(f):\n    return 1\n")
    resolve("helper.py:loud", root)
    moment = (root / "helper.py").stat().st_mtime_ns
    (root / "helper.py").write_text("def loud(f):\n    return 2\n")
    import os

    os.utime(root / "helper.py", ns=(moment, moment))
    del sys.modules["helper"]
    assert resolve("helper.py:loud", root)(None) == 2
    assert digest_at_import(str(root / "helper.py")) == text_digest((root / "helper.py").read_bytes())
