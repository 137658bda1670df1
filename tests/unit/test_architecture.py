"""Pages name files that are there; files and functions stay small; a class name stands once."""

import ast
import re
from pathlib import Path

import pytest

import comporta

PACKAGE = Path(comporta.__file__).parent
ROOT = PACKAGE.parents[1]
PAGES = [ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
ROOMS = {each.name for each in PACKAGE.iterdir() if each.is_dir() and not each.name.startswith("_")}

MOST_LINES, MOST_FUNCTION_LINES = 400, 60
# What is longer today. An entry goes when its file or function is short; none is added.
LONG_FILES: set[str] = set()
LONG_FUNCTIONS: set[str] = set()


def sources() -> dict[str, str]:
    return {file.relative_to(PACKAGE).as_posix(): file.read_text() for file in sorted(PACKAGE.rglob("*.py"))}


def paths_named(text: str) -> set[str]:
    """What stands in backticks and looks like a file or a folder of the repository, or of the package."""
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.S))
    return {
        each.rstrip("/")
        for each in spans
        if re.fullmatch(r"[\w.<>]+(/[\w.<>]+)*/?", each)
        and ("/" in each or each.endswith("/"))
        and each.split("/")[0] in {*ROOMS, "docs", "tests", "benchmarks", "src", "changes", "examples"}
        and not each.startswith("data/<name>")
        and each != "project/name"
    }


def is_there(path: str) -> bool:
    if "<name>" in path:
        folder, _, rest = path.partition("<name>")
        return any(
            (each / rest.lstrip("/")).exists() for each in (PACKAGE / folder).iterdir() if each.is_dir()
        )
    return (ROOT / path).exists() or (PACKAGE / path).exists()


@pytest.mark.parametrize("page", PAGES[:2], ids=lambda page: page.name)
def test_every_path_that_a_map_of_the_package_names_is_there(page):
    named = paths_named(page.read_text())
    assert len(named) > 10, "else nothing was looked at"
    assert {path for path in named if not is_there(path)} == set()


@pytest.mark.parametrize("page", PAGES[2:], ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_module_that_a_page_of_the_docs_names_is_there(page):
    text = page.read_text()
    files = {path for path in paths_named(text) if path.endswith(".py")}
    assert {path for path in files if not is_there(path)} == set()
    for dotted in re.findall(r"`(?:comporta\.)?((?:acts|opened)\.[\w.]+)", text):
        folder, *names = dotted.split(".")
        module = Path(folder)
        while names and (PACKAGE / module / names[0]).is_dir():
            module /= names.pop(0)
        assert names, dotted
        file = PACKAGE / module / f"{names.pop(0)}.py"
        assert file.exists(), dotted
        assert not names or re.search(rf"^(def|class) {names[0]}\b|^{names[0]}\b", file.read_text(), re.M), (
            dotted
        )


def test_every_room_is_on_a_floor_of_the_map():
    floors = (ROOT / "ARCHITECTURE.md").read_text().partition("```")[2].partition("```")[0]
    assert {room for room in ROOMS if not re.search(rf"\b{room}\b", floors)} == set()
    acts = {each.name for each in (PACKAGE / "acts").iterdir() if (each / "__init__.py").exists()}
    assert {act for act in acts if not re.search(rf"\b{act}\b", floors)} == set()


def test_the_map_stays_one_page():
    assert len((ROOT / "ARCHITECTURE.md").read_text().splitlines()) <= 80


def test_no_file_is_longer_than_can_be_read_in_one_sitting():
    long = {path for path, text in sources().items() if text.count("\n") > MOST_LINES}
    assert long == LONG_FILES


def test_no_function_is_longer_than_a_screen():
    long = {
        f"{path}:{node.name}"
        for path, text in sources().items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > MOST_FUNCTION_LINES
    }
    assert long == LONG_FUNCTIONS
