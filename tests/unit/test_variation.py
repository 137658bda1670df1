"""Other values than the project file's, for one run: what can be set, and what is said where it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from comporta import Dataset, Features, Model, Project, at_least
from comporta.errors import BadProject
from comporta.project.variation import (
    PARAM,
    SET,
    SETTINGS,
    Variation,
    parse_assignments,
    run_command,
    vary,
)
from comporta.records import Limits


def fit(X, y, *, depth=6, rate=0.1):
    return X, y, depth, rate


def fit_any(X, y, **anything):
    return X, y, anything


ROWS = Dataset("rows", "rows.csv", key="id")
TABLE = Features("table", of=ROWS, known=("id", "a"))
LATE = Model(
    "late", features=TABLE, target="y", fit=fit, params={"rate": 0.2}, gates=(at_least("roc_auc", 0.7),)
)
EARLY = Model("early", features=TABLE, target="z", fit=fit_any)
PROJECT = Project("p", models=(LATE, EARLY))
HERE = Path(__file__).parent / "no folder"
"""Nothing that is loaded lies below it: what does would be read for the lines of faults."""


def varied(*models: str, params=None, settings=None) -> dict[str, Model]:
    asked = Variation(params=params or {}, settings=settings or {})
    return {each.name: each for each in vary(PROJECT, HERE, models, asked).models}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("depth=8", 8),
        ("depth=0.5", 0.5),
        ("depth=true", True),
        ("depth=null", None),
        ('depth="8"', "8"),
        ("depth=a b", "a b"),
        ("depth=", ""),
        ("depth=a=b", "a=b"),
        ("depth=[1, 2]", [1, 2]),
        ("depth=NaN", "NaN"),
        (" depth = 8", 8),
    ],
)
def test_a_value_is_json_where_it_is_some_and_else_text(text, value):
    assert parse_assignments(PARAM, (text,)) == {"depth": value}


@pytest.mark.parametrize("texts", [("depth",), ("=8",), ("",), ("depth=1", "depth=2")])
def test_what_is_no_assignment_or_given_twice_is_refused(texts):
    with pytest.raises(BadProject, match="--param: found"):
        parse_assignments(PARAM, texts)


def test_a_parameter_goes_beside_those_that_are_declared():
    assert varied("late", params={"depth": 8})["late"].params == {"rate": 0.2, "depth": 8}
    assert varied("late", params={"rate": 0.3})["late"].params == {"rate": 0.3}


def test_without_names_every_model_that_takes_it_is_varied():
    assert {name: each.params for name, each in varied(params={"depth": 8}).items()} == {
        "late": {"rate": 0.2, "depth": 8},
        "early": {"depth": 8},
    }


def test_a_name_that_begins_with_a_model_s_is_of_that_model_alone():
    found = varied(params={"late.depth": 8}, settings={"early.seed": 3})
    assert (found["late"].params["depth"], found["late"].seed) == (8, 0)
    assert (found["early"].params, found["early"].seed) == ({}, 3)


def test_settings_reach_into_limits_and_lists_become_tuples():
    late = varied("late", settings={"limits.seconds": 60.0, "slices": ["a"]})["late"]
    assert late.limits == Limits(seconds=60.0) and late.slices == ("a",)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"params": {"dept": 8}}, "--param: found 'dept', expected one of: depth, rate."),
        ({"params": {"late.dept": 8}}, "--param: found 'late.dept'"),
        ({"settings": {"gates": []}}, f"--set: found 'gates', expected one of: {', '.join(SETTINGS)}."),
        ({"settings": {"approvals": 0}}, "--set: found 'approvals'"),
        ({"settings": {"limits": 1}}, "--set: found 'limits'"),
        ({"settings": {"seed": "x"}}, "--set seed=x: Model 'late': seed: found 'x'"),
        ({"settings": {"seed": -1}}, "--set seed=-1: Model 'late': seed: found -1, expected 0 or more."),
        ({"settings": {"threshold": 2}}, "--set threshold=2: "),
        ({"settings": {"limits.seconds": "long"}}, "--set limits.seconds=long: "),
        ({"settings": {"metrics": "acuracy"}}, "--set metrics=acuracy: "),
    ],
)
def test_what_cannot_be_set_is_one_error_that_names_what_can(asked, said):
    with pytest.raises(BadProject) as raised:
        varied("late", **asked)
    assert said in str(raised.value)


def test_nothing_asked_is_the_project_itself_and_unknown_models_are_left_to_who_looks_them_up():
    assert vary(PROJECT, HERE, (), Variation()) is PROJECT
    assert vary(PROJECT, HERE, ("lat",), Variation(params={"depth": 8})) is PROJECT


def test_a_run_is_recorded_as_the_command_that_asks_for_it_again():
    asked = Variation(params={"depth": 8, "name": "a b", "of": "8"}, settings={"slices": ["a"]})
    command = run_command(("late",), asked)
    assert command == """run late --param depth=8 --param 'name=a b' --param 'of="8"' --set 'slices=["a"]'"""
    import shlex

    words = shlex.split(command)
    texts = [words[place + 1] for place, word in enumerate(words) if word == PARAM]
    assert parse_assignments(PARAM, texts) == asked.params
    assert parse_assignments(SET, words[-1:]) == asked.settings
