"""How often a sealed test set was evaluated: each time, what was learned from it wears it out a little.

A test set is known by its split, not by its rows: erasing one of them must not set the count back to nothing.
"""

from __future__ import annotations

import msgspec

from comporta.opened.built import built_keys
from comporta.opened.lineage import EVALUATIONS, QUESTIONS
from comporta.records import Record, Slice, Version, View, encode
from comporta.records.record import unusual
from comporta.records.split import ByTime, Split
from comporta.registry import VERSIONS
from comporta.store import Keys, digest


class TestSet(Record, frozen=True, kw_only=True):
    """split: keyed digest of the dataset's name and the declared split. window: under a split by time, the
    number of the dataset's version, whose newest rows test; under another, where an append leaves every row
    in its part, 0."""

    split: str
    window: int


class Evaluations(Record, frozen=True, kw_only=True):
    """here: evaluations on this test set. split: on any of this split: another window has rows in common."""

    here: int
    split: int


def test_set(view: View, keys: Keys, version: Version) -> TestSet:
    """What the version was judged on, from the questions that it was built by."""
    keys_of = built_keys(version.model)
    features, parts = (
        view.get(QUESTIONS, version.steps[keys_of[kind].name]) for kind in ("features", "split")
    )
    assert features is not None and parts is not None, "a version was built by steps that were answered"
    of, declared = features.recipe.inputs["of"], parts.recipe.params["split"]
    assert isinstance(of, Slice), "features are made of a dataset's version"
    split = msgspec.convert(declared, Split)
    # Without what is as usual: a field that is added later changes the identity of no split.
    fields = {"type": split.__struct_config__.tag, **unusual(split)}
    return TestSet(
        split=digest(keys.content, encode(["split", of.dataset, fields])),
        window=of.number if isinstance(split, ByTime) else 0,
    )


def evaluations(view: View, keys: Keys, version: Version) -> Evaluations:
    """How often the test set of a version was evaluated for its model, erasures and all. What was written
    before splits had an identity is found by the versions that were judged on those very rows."""
    mine = test_set(view, keys, version)
    facts = [fact for _, fact in view.scan(EVALUATIONS, f"{version.model}/")]
    sets = _sets_by_part(view, keys, version.model) if any(not fact.split for fact in facts) else {}
    where = [
        TestSet(split=fact.split, window=fact.window) if fact.split else sets.get(fact.part) for fact in facts
    ]
    known = [each for each in where if each is not None]
    return Evaluations(here=known.count(mine), split=sum(each.split == mine.split for each in known))


def _sets_by_part(view: View, keys: Keys, model: str) -> dict[str, TestSet]:
    """Digest of test rows → the test set, of all versions of a model."""
    versions = (version for _, version in view.scan(VERSIONS, f"{model}/"))
    return {each.parts["test"].digest: test_set(view, keys, each) for each in versions}
