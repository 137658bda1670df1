"""A check is one folder and its names in one list: the pool, the steps and the report follow from that."""

from __future__ import annotations

import ast
import tomllib
from functools import cache
from pathlib import Path

import pytest

import comporta.checks
from comporta.checks.pool import POOL, STEPS
from comporta.opened.sentences import english
from comporta.records import MeasurementSpec

PACKAGE = Path(__file__).parents[2] / "src" / "comporta"
CHECKS = PACKAGE / "checks"
FOLDERS = sorted(file.parent.name for file in CHECKS.glob("*/check.py"))
LISTS = {"checks/__init__.py", "checks/standard.py"}
"""The list, and what a newcomer is asked to pass."""


@cache
def imports(file: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found.update(each.name for each in node.names)
    return frozenset(found)


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_but_the_list_imports_a_checks_folder(folder: str) -> None:
    found = {
        file.relative_to(PACKAGE).as_posix()
        for file in PACKAGE.rglob("*.py")
        if not file.is_relative_to(CHECKS / folder)
        and any(f"{each}.".startswith(f"comporta.checks.{folder}.") for each in imports(file))
    }
    assert found <= LISTS


def test_every_folder_stands_in_the_list() -> None:
    listed = (getattr(comporta.checks, name) for name in comporta.checks.__all__)
    assert {each.__module__.split(".")[2] for each in listed if isinstance(each, type)} >= set(FOLDERS)


def test_every_folder_stands_in_the_contract_that_keeps_checks_apart() -> None:
    contracts = tomllib.loads((PACKAGE.parents[1] / "pyproject.toml").read_text())["tool"]["importlinter"]
    (apart,) = (each for each in contracts["contracts"] if each["type"] == "independence")
    assert apart["modules"] == [f"comporta.checks.{folder}" for folder in FOLDERS]


@pytest.mark.parametrize("folder", [each for each in FOLDERS if (CHECKS / each / "measure.py").exists()])
def test_what_a_folder_measures_is_in_the_pool_and_has_a_step(folder: str) -> None:
    assert f"comporta.checks.{folder}.measure:measure" in STEPS.values()


def test_every_step_of_the_pool_is_declared_once() -> None:
    assert {spec.run for spec in POOL.values()} == STEPS.keys()
    assert len({spec.run for spec in POOL.values()}) == len(POOL)


@pytest.mark.parametrize("file", sorted((PACKAGE / "report").glob("*.py")), ids=lambda file: file.stem)
def test_the_report_knows_no_check_by_name(file: Path) -> None:
    texts = {each.value for each in ast.walk(ast.parse(file.read_text())) if isinstance(each, ast.Constant)}
    assert not texts & POOL.keys()
    assert not texts & {f"comporta.checks.{folder}" for folder in FOLDERS}


@pytest.mark.parametrize(
    "spec", [each for each in POOL.values() if each.drawings.tables], ids=lambda e: e.need
)
def test_a_drawing_names_a_declared_table_and_declared_columns(spec: MeasurementSpec) -> None:
    for each in spec.drawings.tables:
        named = (*each.label, *each.apart) if each.kind != "curve" else (each.along[0], each.up[0])
        assert {f"table.{each.table}", *(f"column.{name}" for name in named)} <= english().keys()
