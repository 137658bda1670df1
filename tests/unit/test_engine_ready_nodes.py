"""A node starts once all that it reads is answered, in order; what reads a failed one never does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from comporta.engine.question import reads
from comporta.engine.ready_nodes import ReadyNodes
from comporta.records import Node, Output


def node(name: str, *inputs: str) -> Node:
    return Node(name=name, run="a.py:f", inputs={each: Output(node_name=each, name="out") for each in inputs})


def never(node: Node) -> bool:
    return False


def taken(ready: ReadyNodes) -> list[str]:
    return [each.name for each in ready.take(never, never)]


def test_a_node_waits_for_all_that_it_reads() -> None:
    ready = ReadyNodes([node("a"), node("b"), node("c", "a", "b")], ())
    assert taken(ready) == ["a", "b"]
    ready.add_answer("b")
    assert taken(ready) == [] and len(ready) == 1
    ready.add_answer("a")
    assert taken(ready) == ["c"] and not ready


def test_what_is_answered_before_is_not_waited_for() -> None:
    assert taken(ReadyNodes([node("b", "a"), node("c", "b")], {"a"})) == ["b"]


def test_an_answer_while_nodes_are_taken_lets_its_readers_start_in_the_plans_order() -> None:
    ready = ReadyNodes([node("a"), node("b", "a"), node("c")], ())
    names = []
    for each in ready.take(never, never):
        names.append(each.name)
        ready.add_answer(each.name)
    assert names == ["a", "b", "c"]


def test_a_node_that_must_wait_is_looked_at_again_and_holds_nobody_up() -> None:
    ready = ReadyNodes([node("a"), node("b")], ())
    assert [each.name for each in ready.take(lambda node: node.name == "a", never)] == ["b"]
    assert len(ready) == 1 and node("a") in ready
    assert taken(ready) == ["a"]


def test_all_that_reads_a_failed_node_is_dropped_once_in_order() -> None:
    ready = ReadyNodes([node("a"), node("b", "a"), node("c"), node("d", "c", "b"), node("e", "c")], ())
    assert taken(ready) == ["a", "c"]
    assert [each.name for each in ready.drop_readers("a")] == ["b", "d"]
    assert ready.drop_readers("c") == [node("e", "c")] and not ready


def test_a_node_that_was_put_back_starts_again() -> None:
    ready = ReadyNodes([node("a"), node("b", "a")], ())
    assert taken(ready) == ["a"]
    ready.put_back(node("a"))
    assert len(ready) == 2 and taken(ready) == ["a"]


@given(
    st.lists(st.sets(st.integers(0, 30), max_size=4), min_size=1, max_size=30), st.randoms(), st.booleans()
)
def test_every_plan_is_taken_whole_and_no_node_before_what_it_reads(reading, random, last) -> None:
    nodes = [node(str(i), *(str(j % i) for j in each if i)) for i, each in enumerate(reading)]
    ready, answered, running = ReadyNodes(nodes, ()), [], []
    while ready or running:
        for each in ready.take(lambda node: random.random() < 0.3 and bool(running), lambda node: last):
            assert reads(each) <= set(answered)
            running.append(each.name)
        if running:
            answered.append(running.pop(random.randrange(len(running))))
            ready.add_answer(answered[-1])
    assert sorted(answered) == sorted(each.name for each in nodes)


def test_one_that_is_to_come_first_is_taken_from_the_end() -> None:
    ready = ReadyNodes([node("a"), node("b"), node("c")], ())
    names: list[str] = []
    for each in ready.take(never, lambda node: names == ["a"]):
        names.append(each.name)
    assert names == ["a", "c", "b"] and not ready
