"""The names of stored things stay: a released one is neither dropped nor given another meaning."""

from __future__ import annotations

import ast
import importlib
import inspect
import sys
from pathlib import Path

import pytest

from comporta.acts.judge.pool import TOOLS
from comporta.checks.pool import POOL
from comporta.opened.steps import STEPS
from comporta.records.ids import PARTS

sys.path.insert(0, str(Path(__file__).parents[1] / "golden"))

from ids_write import declared, released

WHAT_TO_DO = {
    "arguments of steps": "an argument's name is in stored recipes: if it was renamed, declare its id above "
    "the function, @argument_ids(new_name='released_name'); where it was dropped, take it and leave it unused"
}


@pytest.mark.parametrize("what", released())
def test_a_released_name_is_still_declared(what: str) -> None:
    dropped = set(released()[what]) - set(declared()[what])
    assert dropped == set(), WHAT_TO_DO.get(what, "a released name was dropped, or means another thing")
    new = set(declared()[what]) - set(released()[what])
    assert new == set(), "keep the new names: python tests/golden/ids_write.py"


def test_every_step_is_a_function_of_its_module() -> None:
    for ref in STEPS.functions.values():
        module, _, name = ref.partition(":")
        assert inspect.isfunction(getattr(importlib.import_module(module), name))


def test_no_two_ids_are_one_function_and_every_former_reference_is_of_an_id() -> None:
    assert len(set(STEPS.functions.values())) == len(STEPS.functions)
    assert set(STEPS.former.values()) <= STEPS.functions.keys()
    assert all(ref not in STEPS.former or STEPS.former[ref] == id for id, ref in STEPS.functions.items())


def test_what_the_plan_asks_has_an_id() -> None:
    assert {maker.run for maker in POOL.values()} | set(TOOLS.values()) <= STEPS.functions.keys()


@pytest.mark.parametrize("id", STEPS.functions)
def test_a_step_makes_declared_parts_alone(id: str) -> None:
    if id in TOOLS.values():
        return
    module, _, name = STEPS.functions[id].partition(":")
    text = inspect.getsource(getattr(importlib.import_module(module), name))
    made = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Return | ast.Assign) and node.value is not None:
            made |= {
                key.value
                for each in ast.walk(node.value)
                if isinstance(each, ast.Dict)
                for key, value in zip(each.keys, each.values, strict=True)
                if isinstance(key, ast.Constant) and _put(value)
            }
    assert made <= PARTS.keys()


def _put(value: ast.expr) -> bool:
    """Whether it is kept: `context.put…(…)`, `write(context, …)`."""
    called = value.func if isinstance(value, ast.Call) else None
    return getattr(called, "attr", getattr(called, "id", "")) in ("put", "put_json", "write")
