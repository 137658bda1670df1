"""Every check can be asked at another level: which checks, and how deeply, is data in the project file."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from comporta import gates
from comporta.checks import asked_at, form, level_of
from comporta.errors import BadProject
from comporta.records import LEVELS

WITHOUT: set[str] = set()
"""Constructors that take no `level=` yet; empty once all do."""


def minor(rows: Any) -> Any:
    return rows["age"] < 18


def same(rows: Any) -> Any:
    return rows


LEAST: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "accept": ((minor,), {}),
    "at_least": (("roc_auc", 0.7), {}),
    "at_most": (("log_loss", 0.5), {}),
    "attribute_inference": ((), {"of": "sex"}),
    "backtest": (("roc_auc",), {"at_least": 0.7}),
    "better_than_champion": (("roc_auc",), {}),
    "evasion": (("age",), {}),
    "monotone": (("age",), {}),
    "never": (("approve",), {"when": minor, "owner": "Credit policy"}),
    "no_proxy": ((), {"of": "sex", "owner": "Ethics board"}),
    "no_worse": ((), {"margin": 0.01}),
    "replayed": (("roc_auc",), {"at_least": 0.7}),
    "scenario": (("as before", same), {"at_most": 0.1}),
    "within": ((), {"low": 0.0}),
    **{
        name: ((), {"by": "sex"})
        for name in (
            *("demographic_parity", "disparate_impact", "equalised_odds"),
            *("equal_opportunity", "error_parity", "calibration_parity"),
        )
    },
}
"""What a constructor cannot do without; those that are not here need nothing."""


def constructors() -> list[str]:
    """Every function that `comporta.checks` offers and that makes a check."""
    found = []
    for name in gates.__all__:
        one = getattr(gates, name)
        kind = getattr(gates, str(getattr(one, "__annotations__", {}).get("return")), None)
        if inspect.isfunction(one) and inspect.isclass(kind):
            found.append(name)
    return found


def made(name: str, **more: Any) -> Any:
    given, named = LEAST.get(name, ((), {}))
    return getattr(gates, name)(*given, **named, **more)


TAKING = sorted(set(constructors()) - WITHOUT)


def test_every_constructor_takes_a_level_by_name_but_those_that_are_excused():
    assert len(constructors()) > 40
    takes = {name: inspect.signature(getattr(gates, name)).parameters.get("level") for name in constructors()}
    assert {name for name, found in takes.items() if found is None} == WITHOUT & set(constructors())
    assert all(found.kind is found.KEYWORD_ONLY for found in takes.values() if found is not None)


@pytest.mark.parametrize("name", TAKING)
def test_a_check_that_is_made_for_the_audit_is_asked_there_and_not_at_a_release(name):
    check = made(name, level="audit")
    assert level_of(check) == "audit"
    assert asked_at((check,), "audit") == (check,)
    assert asked_at((check,), "release") == ()
    early = made(name, level="commit")
    assert all(asked_at((early,), level) == (early,) for level in LEVELS)


@pytest.mark.parametrize("name", TAKING)
def test_the_level_is_part_of_the_policy_and_its_default_changes_nothing_of_it(name):
    plain = made(name)
    assert form(made(name, level=level_of(plain))) == form(plain)
    assert len({form(made(name, level=level)) for level in LEVELS}) == len(LEVELS)


@pytest.mark.parametrize("wrong", ["nightly", ""])
@pytest.mark.parametrize("name", TAKING)
def test_a_wrong_level_is_one_clear_refusal(name, wrong):
    with pytest.raises(BadProject) as said:
        made(name, level=wrong)
    assert str(said.value).endswith(f"found level={wrong!r}, expected one of commit, release, audit.")
    assert "\n" not in str(said.value)
