"""What checks need, as questions: in which order, by what they differ, and how long they may take."""

from __future__ import annotations

from pathlib import Path
from types import FunctionType

import pytest

from comporta.acts.judge.budget import seconds_at
from comporta.acts.judge.pool import Candidate, measuring, name_in
from comporta.checks import needs, never
from comporta.errors import BadProject
from comporta.project import Dataset, Features, Model, Settings
from comporta.records import LEVELS, Budget, Level, Need, Node, Output

THINGS = ("train", "test", "model", "signature", "predictions", "parity", "trial", "onnx")


def rows() -> None:
    """A source that is never asked."""


def fit(X: object, y: object) -> None:
    """A training function that is never called."""


def nodes(*whats: str, level: Level = "release", machine: str = "this") -> tuple[Node, ...]:
    table = Dataset("rows", source=rows, key="id")
    model = Model("late", features=Features("features", of=table, known=("a",)), target="y", fit=fit)
    things = {name: Output(node_name="made", name=name) for name in THINGS}
    candidate = Candidate(model=model, root=Path(__file__).parent, things=things, machine=machine)
    return measuring(candidate, [Need(what=what) for what in whats], level)


def test_another_machine_is_another_question_for_what_is_of_the_machine_and_for_nothing_else() -> None:
    here = nodes("stress", "noise", "parity")
    there = nodes("stress", "noise", "parity", machine="another")
    differ = {one.name for one, other in zip(here, there, strict=True) if one.params != other.params}
    assert differ == {"stress of late"}


def test_what_may_make_all_else_worthless_comes_first_and_then_the_quick() -> None:
    asked = ("label errors", "noise", "feature drift", "duplicates", "contamination", "time travel")
    named = [each.name.removesuffix(" of late") for each in nodes(*asked)]
    assert named[:3] == ["contamination", "time travel", "duplicates"]
    assert named.index("noise") < named.index("oof") < named.index("label errors")
    assert named.index("importance") < named.index("feature drift") < named.index("oof")


def test_all_that_measures_one_model_shares_the_time_of_its_level() -> None:
    for level, seconds in (("commit", 60.0), ("release", 1800.0), ("audit", 14_400.0)):
        made = nodes("label errors", "noise", level=level)
        assert {each.budget for each in made} == {Budget(of="evidence of late", seconds=seconds)}
        assert all(each.allow_failure for each in made)


def test_the_time_of_a_level_is_a_setting() -> None:
    assert seconds_at("release", "release=90s, audit=8h") == 90
    assert seconds_at("audit", "release=90s, audit=8h") == 8 * 3600
    assert seconds_at("commit", "release=90s") == seconds_at("commit")
    assert all(seconds_at(level, Settings().budget) == seconds_at(level) for level in LEVELS)
    for wrong in ("night=1h", "release", "release=soon", "1h", "release=99999999999w"):
        with pytest.raises(BadProject, match=r"^budget: .*expected"):
            seconds_at("release", wrong)


def test_what_later_versions_are_compared_with_is_made_before_the_time_can_be_spent() -> None:
    named = [
        each.name.removesuffix(" of late")
        for each in nodes("reference", "duplicates", "importance change", "contamination")
    ]
    assert named[:4] == ["contamination", "importance", "reference", "duplicates"]


def adult(rows: object) -> object:
    """A rule of the project's."""


def test_a_node_is_named_by_what_it_measures_and_by_no_module() -> None:
    other = FunctionType(adult.__code__, globals(), "adult")
    other.__module__ = "elsewhere"
    table = Dataset("rows", source=rows, key="id")
    features = Features("features", of=table, known=("a",))
    gates = (never("refuse", when=adult, owner="law"), never("refuse", when=other, owner="law"))
    model = Model("late", features=features, target="y", fit=fit, gates=gates)
    one, two = (name_in(model, need) for need in needs(gates))
    assert one.startswith("conduct of late (") and one.endswith("when=adult)")
    assert two == one.removesuffix(")") + " 2)"
