"""A step's argument that is renamed keeps its id, and its code counts as the same."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

import pytest

from comporta.engine import Steps
from comporta.engine.source import read
from comporta.engine.step_call import call
from comporta.records import Recipe, argument_ids
from comporta.records.arguments import names_by_id
from comporta.store import StepContext, derive, open_store

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "golden"))

import ids_write
from _packages import arguments_renamed, copied, told

BEFORE = """
def fit(context, *, train, fit, seed=0):
    kept = [row for row in train if row]
    return call(fit, kept, train=train, seed=seed)
"""


def digest(text: str, *, own: bool = True) -> str:
    return next(
        each for each in read(dedent(text).encode(), "", own=own).statements if "fit" in each.binds
    ).digest


def test_a_renamed_argument_with_its_id_declared_is_the_same_code():
    after = """
        @argument_ids(rows="train", trainer="fit")
        def fit(context, *, rows, trainer, seed=0):
            kept = [row for row in rows if row]
            return call(trainer, kept, train=rows, seed=seed)
        """
    assert digest(after) == digest(BEFORE)
    assert digest(after.replace('rows="train", ', "")) != digest(BEFORE)


@pytest.mark.parametrize(
    "after",
    [
        # The id is another name in it: the function would read as if they were one.
        """
        @argument_ids(rows="train")
        def fit(context, *, rows, fit, seed=0):
            kept = [row for row in rows if train]
            return call(fit, kept, train=rows, seed=seed)
        """,
        # The new name is bound a second time.
        """
        @argument_ids(rows="train")
        def fit(context, *, rows, fit, seed=0):
            kept = (lambda rows: [row for row in rows if row])(rows)
            return call(fit, kept, train=rows, seed=seed)
        """,
        # What a name is called can be seen.
        """
        @argument_ids(rows="train")
        def fit(context, *, rows, fit, seed=0):
            return call(fit, **locals())
        """,
        # Two arguments of one id; no argument of that name.
        """
        @argument_ids(rows="train", fit="train")
        def fit(context, *, rows, fit, seed=0):
            return call(fit, rows)
        """,
        """
        @argument_ids(lines="train")
        def fit(context, *, rows, fit, seed=0):
            return call(fit, rows)
        """,
    ],
)
def test_a_rename_that_could_confuse_two_functions_counts_as_a_change(after):
    undeclared = (
        after.replace('rows="train", fit="train"', "")
        .replace('rows="train"', "")
        .replace('lines="train"', "")
    )
    assert "train" not in undeclared.partition("\n        def")[0]
    assert digest(after) != digest(undeclared), "the declaration itself still counts"


def test_a_function_of_the_projects_own_counts_as_it_is_written():
    after = BEFORE.replace("train", "rows")
    declared = '\n@argument_ids(rows="train")' + after
    assert len({digest(BEFORE, own=False), digest(after, own=False), digest(declared, own=False)}) == 3


def test_ids_stand_for_names_in_python():
    @argument_ids(rows="train")
    def fit(context, *, rows, seed, **tables): ...

    assert names_by_id(fit) == {"train": "rows", "seed": "seed", "**": "tables"}


def test_a_renamed_argument_gets_what_its_id_names_and_the_seed_too(tmp_path):
    (tmp_path / "renamed_arguments.py").write_text(
        dedent("""
        from comporta.records import argument_ids

        @argument_ids(number="n", start="seed")
        def add(context, *, number, start, **more):
            return {"sum": context.put_json([number, start, more])}
        """)
    )
    recipe = Recipe(
        run="renamed_arguments.py:add",
        uses={},
        code="",
        environment="",
        inputs={},
        params={"n": 2, "x y": 3},
        seed=5,
    )
    context = StepContext(store=open_store("file://store", tmp_path), keys=derive(b"k" * 32))
    made = call(recipe, context, tmp_path, Steps())
    assert context.get_json(made["sum"], list) == [2, 5, {"x y": 3}]


def test_a_rename_without_a_declared_id_is_noticed(tmp_path):
    package = copied(tmp_path / "package")
    script = """
import json, sys
sys.path.insert(0, sys.argv[1])
import ids_write
what = "arguments of steps"
print(json.dumps({each: "" for each in set(ids_write.released()[what]) - set(ids_write.declared()[what])}))
"""
    golden = Path(ids_write.__file__).parent
    arguments_renamed(package, "train.steps", "predict", kept="model")
    assert told(package, script, golden, cache=tmp_path) == {}
    arguments_renamed(package, "train.steps", "fit", declared=False, rows="train")
    assert list(told(package, script, golden, cache=tmp_path)) == ["train.fit train"]
