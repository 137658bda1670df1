"""What stands among Python's modules and is none, as `torch.classes` does, stops nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from comporta.opened.isolated import _folders_of
from comporta.project.faults import sources


class AnswersToAll(ModuleType):
    """Has an attribute of every name, of a type of its own."""

    def __getattr__(self, name: str) -> Any:
        return object()


def test_a_module_that_has_every_name_lies_in_no_folder() -> None:
    assert list(_folders_of(AnswersToAll("odd"))) == []
    assert list(_folders_of(None)) == []
    assert [Path(each).name for each in _folders_of(sys.modules["comporta"])] == ["comporta"]


def test_a_projects_own_files_are_found_beside_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "odd", AnswersToAll("odd"))
    assert sources(tmp_path) == ()
