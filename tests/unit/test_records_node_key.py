"""Answers are looked up by what a node makes and of what; its name is for people."""

from __future__ import annotations

import pytest

from comporta.engine.question import check_plan
from comporta.errors import BadProject
from comporta.opened.built import built_keys
from comporta.records import Answer, Answers, Need, Node, NodeKey, Plan, Step

FIT, OTHER = NodeKey(kind="fit", model="late"), NodeKey(kind="fit", model="late", trial=2)
NOISE = NodeKey(kind="evidence", model="late", need=Need(what="noise"))


def node(key: NodeKey | None, name: str) -> Node:
    return Node(name=name, run="train.fit", key=key)


def test_an_answer_is_found_by_its_key_whatever_its_node_is_called():
    plan = Plan(nodes=(node(FIT, "fit late"), node(OTHER, "another"), node(NOISE, "noise of late")))
    answers = Answers(plan)
    for name in ("fit late", "noise of late"):
        answers[name] = Answer(node=name, recipe=name, step=Step(recipe=name, outputs={}), reused=False)
    assert answers.of(FIT) is answers["fit late"]
    assert (
        answers.of(NodeKey(kind="evidence", model="late", need=Need(what="noise")))
        is answers["noise of late"]
    )
    assert answers.of(OTHER) is None, "it is in the plan and has no answer"
    assert answers.of(NodeKey(kind="fit", model="early")) is None
    assert answers.name_of(OTHER) == "another"


def test_no_two_nodes_of_a_plan_have_one_key():
    check_plan(Plan(nodes=(node(FIT, "a"), node(OTHER, "b"), node(None, "c"), node(None, "d"))))
    with pytest.raises(BadProject, match="'b' has the key of another node"):
        check_plan(Plan(nodes=(node(FIT, "a"), node(FIT, "b"))))


def test_names_in_facts_and_versions_stay_as_they_are():
    assert [key.name for key in built_keys("late").values()] == [
        "features late", "split late", "fit late", "export late", "predict late",
    ]  # fmt: skip
    assert NodeKey(kind="data", dataset="flights").name == "data flights"
    assert OTHER.name == "fit late, trial 2"
