"""A step's id leads to its function wherever that lies, and so does what an older recipe said."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from comporta.engine import Steps
from comporta.engine.code import CodeDigests
from comporta.engine.environment import Environment
from comporta.engine.question import question_of, recipe_digest
from comporta.errors import BadProject
from comporta.records import Node

STEPS = Steps(
    functions={"train.fit": "new.place:train"},
    former={"old.place:fit": "train.fit", "older:fit": "train.fit"},
)


def test_an_id_and_every_former_reference_lead_to_one_function() -> None:
    assert {STEPS.reference(ref) for ref in ("train.fit", "old.place:fit", "older:fit")} == {
        "new.place:train"
    }
    assert STEPS.reference("project.py:fit") == "project.py:fit"


def test_an_id_that_nothing_declares_is_told() -> None:
    with pytest.raises(BadProject, match=r"found the step 'train\.guess'.*newer one"):
        STEPS.reference("train.guess")


def test_what_is_handed_over_stands_in_the_order_of_the_arguments() -> None:
    uses = {"second": ("b.py:f", "old.place:fit"), "first": "a.py:f"}
    assert STEPS.references("older:fit", uses) == ("new.place:train", "a.py:f", "b.py:f", "new.place:train")


def test_a_recipe_names_ids_and_an_old_reference_asks_the_same(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def f(context):\n    return {}\n")
    steps = Steps(functions={"mine": "mine.py:f"}, former={"was.py:f": "mine"})
    code, environment = CodeDigests(tmp_path), Environment(1)
    now, then = (
        question_of(Node(name="n", run=run), {}, steps, code, environment, b"k" * 32)
        for run in ("mine", "was.py:f")
    )
    assert now.recipe.run == then.recipe.run == "mine"
    assert now.digest == then.digest


def test_how_many_functions_an_argument_has_counts_and_their_names_do_not(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def f(context, fit):\n    return {}\ndef g():\n    return 1\n")
    code, environment = CodeDigests(tmp_path), Environment(1)

    def asked(uses: dict[str, str | tuple[str, ...]]) -> str:
        node = Node(name="n", run="mine.py:f", uses=uses)
        return question_of(node, {}, Steps(), code, environment, b"k" * 32).digest

    one, several, other = (
        asked({"fit": "mine.py:g"}),
        asked({"fit": ("mine.py:g",)}),
        asked({"by": "mine.py:g"}),
    )
    assert len({one, several, other}) == 3
    recipe = question_of(Node(name="n", run="mine.py:f"), {}, Steps(), code, environment, b"k" * 32).recipe
    named = msgspec.structs.replace(recipe, run="elsewhere.py:f")
    assert recipe_digest(named, b"k" * 32) == recipe_digest(recipe, b"k" * 32)
