"""What the wheel says of itself: only what ran, and links that lead somewhere."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
RAN = json.loads((ROOT / "matrix" / "ran.json").read_text())
PYTHON = "Programming Language :: Python :: 3."
BOUND = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?>=([0-9.]+)")
LINK = re.compile(r"\]\(([^)]+)\)")


def short(version: str) -> str:
    return ".".join(version.split(".")[:2])


def test_pythons_among_the_classifiers_are_those_on_which_the_matrix_ran() -> None:
    listed = {each.removeprefix(PYTHON[:-2]) for each in PROJECT["classifiers"] if each.startswith(PYTHON)}
    assert {short(each["python"]) for name, each in RAN.items() if name.startswith("spine")} == listed
    assert PROJECT["requires-python"] == ">=" + min(listed, key=lambda each: int(each.partition(".")[2]))


@pytest.mark.parametrize("required", PROJECT["dependencies"], ids=lambda each: BOUND.match(each)[1])
def test_a_lowest_version_is_declared_and_the_matrix_ran_with_it(required: str) -> None:
    name, lowest = BOUND.match(required).groups()
    found = RAN["spine 3.11 lowest"]["packages"][name.lower()]
    assert re.fullmatch(re.escape(lowest) + r"(\.0)*", found), f"run `make matrix`: it ran with {found}"


def test_a_link_of_the_readme_leads_to_the_repository_on_pypi() -> None:
    (rule,) = PYPROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]
    text = (ROOT / "README.md").read_text()
    shown = LINK.findall(re.sub(rule["pattern"], rule["replacement"], text))
    assert len(shown) == len(LINK.findall(text)) > 5
    assert all(each.startswith(("https://", "#")) for each in shown)
    home = PROJECT["urls"]["Homepage"] + "/blob/main/"
    for each in shown:
        if each.startswith(home):
            assert (ROOT / each.removeprefix(home).partition("#")[0]).exists()
