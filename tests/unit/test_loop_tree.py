"""A trace as text and as a picture."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from comporta.acts.trace.tree import TraceTree, tree_lines, tree_svg

LEAF = TraceTree(kind="row", id="w:1", label="weather row", facts={"event": "06:00"})
TREE = TraceTree(
    kind="prediction",
    id="p1",
    label="prediction <p1> & co",
    children=(
        TraceTree(kind="version", id="late/1", label="late/1", children=(LEAF, LEAF)),
        TraceTree(kind="dataset", id="weather@1", label="weather@1"),
    ),
)


def test_the_text_draws_one_node_a_line_with_its_branches():
    assert list(tree_lines(TREE)) == [
        "prediction <p1> & co",
        "├─ late/1",
        "│  ├─ weather row  (event 06:00)",
        "│  └─ weather row  (event 06:00)",
        "└─ weather@1",
    ]


def test_the_picture_is_well_formed_and_has_a_box_and_a_line_for_every_node():
    root = ET.fromstring(tree_svg(TREE))
    space = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f"{space}g")) == 5
    assert len(root.findall(f"{space}path")) == 4


trees = st.recursive(
    st.builds(TraceTree, kind=st.just("row"), id=st.text(max_size=5), label=st.text(
        st.characters(min_codepoint=32, max_codepoint=0xD7FF), max_size=120)),
    lambda children: st.builds(
        TraceTree, kind=st.just("step"), id=st.just("s"), label=st.just("s"),
        children=st.lists(children, max_size=3).map(tuple)),
    max_leaves=12,
)  # fmt: skip


def count(tree: TraceTree) -> int:
    return 1 + sum(count(child) for child in tree.children)


@given(trees)
def test_any_tree_is_drawn_whole(tree):
    assert len(list(tree_lines(tree))) == count(tree)
