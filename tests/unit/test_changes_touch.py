"""A change touches the places that CONTRIBUTING counts: each thing is declared once, and works by that."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import ClassVar

import pytest

import comporta
from comporta.cli import boundary, commands, main, show
from comporta.ledger import open_ledger
from comporta.records import Fact, Projection
from comporta.records.codec import Codec
from comporta.records.facts import FACTS
from comporta.serve.paths import PATHS
from comporta.train.families import codecs

PACKAGE = Path(comporta.__file__).parent
AT = datetime(2026, 1, 1, tzinfo=UTC)


@cache
def names(file: Path) -> frozenset[str]:
    """Every name, attribute, whole text and imported module or name of the file's code."""
    return frozenset(_names(ast.parse(file.read_text(encoding="utf-8"))))


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (alias.name for alias in node.names)


def files_with(*wanted: str) -> set[str]:
    """The files of the package that name any of these, but for what is shipped for tests."""
    return {
        file.relative_to(PACKAGE).as_posix()
        for file in PACKAGE.rglob("*.py")
        if file.relative_to(PACKAGE).parts[0] != "testing" and names(file) & set(wanted)
    }


@pytest.mark.parametrize("codec", codecs(), ids=lambda codec: codec.name)
def test_a_codec_touches_its_own_folder_and_the_list_of_families(codec: Codec) -> None:
    own = Path(sys.modules[type(codec).__module__].__file__ or "").relative_to(PACKAGE).parent.as_posix()
    exports = {"train/onnx_inputs.py"} if codec.name == "onnx" else set()  # what every family is exported as
    outside = {file for file in files_with(type(codec).__name__) if not file.startswith(f"{own}/")}
    assert outside == {"train/families/__init__.py"} | exports


def test_a_protocol_touches_its_paths_its_function_its_errors_and_its_own_file() -> None:
    assert {each.protocol for each in PATHS} == {"v2", "mlflow"}, "those that are served"
    assert files_with("mlflow", "invocations", "comporta.serve.invocations") == {
        "serve/paths.py",
        "serve/prediction_routes.py",
        "serve/request.py",
    }
    assert (PACKAGE / "serve/invocations.py").exists()


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.kind)
def test_a_fact_is_declared_beside_the_others_and_made_in_one_place(fact: type[Fact]) -> None:
    declared = {
        "records/facts.py",
        "records/access_facts.py",
        "records/job_facts.py",
        "records/plan_facts.py",
    }
    users = files_with(fact.__name__) - declared
    makers = {name for name in users if _calls(PACKAGE / name, fact.__name__)}
    assert f"{fact.__module__.removeprefix('comporta.').replace('.', '/')}.py" in declared
    assert len(makers) == 1


def _calls(file: Path, name: str) -> bool:
    """Whether the file makes one: calls its class, or hands it to what does."""
    return any(
        getattr(each, "id", getattr(each, "attr", "")) == name
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        for each in (node.func, *(node.args if getattr(node.func, "attr", "") == "convert" else ()))
    )


class LampLit(Fact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "lamp.lit"
    lamp: str


def test_a_fact_needs_no_more_than_its_declaration_a_projection_and_who_records_it(tmp_path: Path) -> None:
    lamps: Projection[int] = Projection(
        "lamps", int, {LampLit: lambda fact, event, old: [(fact.lamp, (old(fact.lamp) or 0) + 1)]}
    )
    ledger = open_ledger("memory://", [lamps], key=b"k" * 32, clock=lambda: AT, root=tmp_path)
    ledger.transact(lambda tx: (tx.append(LampLit(lamp="red")), tx.append(LampLit(lamp="red"))))
    assert ledger.get(lamps, "red") == 2


def test_a_command_needs_no_more_than_its_row_and_its_function(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def light(lamp: str, /) -> None:
        """Light a lamp."""
        show.line(f"{lamp} is lit")

    module = ModuleType("comporta.cli.lamp")
    module.light = light  # type: ignore[attr-defined]
    light.__module__ = module.__name__
    monkeypatch.setitem(sys.modules, module.__name__, module)
    row = commands.Command("light", "LAMP", "lamp:light", "light a lamp")
    every = (*commands.COMMANDS, row)
    for where in (boundary, commands):
        monkeypatch.setattr(where, "COMMANDS", every)
    monkeypatch.setitem(commands.GROUPS, "Lamps", (row,))
    assert main(["light", "red"]) == 0
    assert capsys.readouterr().out == "red is lit\n"
    assert main([]) == 0
    assert "light LAMP" in capsys.readouterr().out


@pytest.mark.parametrize("command", commands.COMMANDS, ids=lambda command: command.name)
def test_a_commands_function_is_named_in_the_one_table(command: commands.Command) -> None:
    assert files_with(command.target) == {"cli/commands.py"}
