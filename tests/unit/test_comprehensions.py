"""Python 3.12.1 takes the variable of a comprehension for a global of another in the same function."""

from __future__ import annotations

import symtable
from collections.abc import Iterator
from pathlib import Path

import pytest

import comporta

PACKAGE = Path(comporta.__file__).parent
COMPREHENSIONS = ("listcomp", "setcomp", "dictcomp")
CONFUSED = """
def kind(text):
    return text

def planned(rows, history):
    taken = {column: kind for column, kind in history}
    return [kind(each) for each in rows], taken
"""


def confused(text: str, file: str) -> Iterator[str]:
    """`function: name` of each variable of a comprehension that another one of its function reads as a
    global."""
    todo = [symtable.symtable(text, file, "exec")]
    while todo:
        scope = todo.pop()
        todo += scope.get_children()
        if scope.get_type() != "function" or scope.get_name() in COMPREHENSIONS:
            continue
        inside = list(_comprehensions(scope))
        bound = {each.get_name() for inner in inside for each in inner.get_symbols() if each.is_local()}
        read = {each.get_name() for inner in inside for each in inner.get_symbols() if each.is_global()}
        yield from (f"{scope.get_name()}: {name}" for name in sorted(bound & read))


def _comprehensions(scope: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for each in scope.get_children():
        if each.get_name() in COMPREHENSIONS:
            yield each
            yield from _comprehensions(each)


def test_the_confusion_is_seen() -> None:
    assert list(confused(CONFUSED, "planned.py")) == ["planned: kind"]


@pytest.mark.parametrize("room", sorted(each.name for each in PACKAGE.iterdir() if each.is_dir()))
def test_no_variable_of_a_comprehension_is_a_global_of_another(room: str) -> None:
    files = sorted((PACKAGE / room).rglob("*.py"))
    assert [f"{file.name} {each}" for file in files for each in confused(file.read_text(), file.name)] == []
