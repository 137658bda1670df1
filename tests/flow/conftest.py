"""A project in a folder of its own that ran once, and what its gates said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from comporta.cli.init import make
from comporta.loop.house import open_house
from comporta.loop.release import version_of
from comporta.loop.train import run
from comporta.records import Findings, Verdict


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """(the project's text, what lays its tables into its folder) → the folder."""

    def build(text: str, tables: Callable[[Path], None]) -> Path:
        folder = tmp_path_factory.mktemp("ran")
        make(folder, "loans")
        tables(folder)
        (folder / "project.py").write_text(text)
        with open_house(folder, works=True) as house:
            run(house)
        return folder

    return build


@pytest.fixture(scope="session")
def judged() -> Callable[[Path, str], tuple[Verdict, Findings]]:
    """(the folder, a model with one gate) → the verdict on its first version, and what was measured."""

    def said(folder: Path, model: str) -> tuple[Verdict, Findings]:
        with open_house(folder) as house:
            (verdict,) = version_of(house, f"{model}/1").verdicts
            assert verdict.evidence is not None
            return verdict, house.desk.get_json(verdict.evidence, Findings)

    return said
