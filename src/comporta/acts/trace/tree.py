"""A trace as a tree, and the tree as text and as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from comporta.acts.trace.codes import FACTS, OF_HISTORY, OF_WINDOW, TITLE
from comporta.opened.sentences import Say, sentence
from comporta.records import Message, Record, Text
from comporta.report.escape import escape


class TraceTree(Record, frozen=True, kw_only=True):
    """kind: `prediction`, `version`, `step`, `dataset`, `row`, `window`, `subject` … id: what `comporta
    trace` takes, where it takes it. label: one line for people. facts: what is known of it, by names that
    never change."""

    kind: str
    id: str
    label: Text
    facts: dict[str, Any] = {}
    children: tuple[TraceTree, ...] = ()


def tree_lines(tree: TraceTree, say: Say = sentence) -> Iterator[str]:
    """The tree drawn with lines, one node a line, its facts behind it. say: the reader's language."""
    return _lines(tree, say, "", "")


def _lines(tree: TraceTree, say: Say, lead: str, branch: str) -> Iterator[str]:
    facts = "  ".join(_facts(tree, say))
    yield f"{lead}{branch}{say(tree.label)}" + (f"  ({facts})" if facts else "")
    below = lead + {"": "", "├─ ": "│  ", "└─ ": "   "}[branch]
    for number, child in enumerate(tree.children, 1):
        yield from _lines(child, say, below, "└─ " if number == len(tree.children) else "├─ ")


def _facts(tree: TraceTree, say: Say) -> Iterator[str]:
    """Each fact with what it is called; those of a row are its columns."""
    names = {"row": OF_HISTORY, "window": OF_WINDOW}.get(tree.kind, FACTS)
    for name, value in tree.facts.items():
        shown = say(value) if isinstance(value, Message) else value
        yield f"{say(names[name]()) if name in names else name} {shown}"


_COLOURS = {
    "prediction": "#f4d9a0",
    "version": "#b9d7ea",
    "step": "#e6e6e6",
    "dataset": "#c9e4c5",
    "row": "#dff0d8",
    "subject": "#e8d5ee",
    "release": "#f6c6c0",
    "copy": "#f6c6c0",
    "label": "#f4d9a0",
}
_ROW, _STEP, _WIDTH, _HEIGHT = 46, 40, 560, 36


def tree_svg(tree: TraceTree, say: Say = sentence) -> str:
    """The tree as a self-contained SVG picture: each node a box below its parent, indented. say: the
    reader's language."""
    placed = list(_layout(tree, 0, None))
    width = max(depth for _, depth, _ in placed) * _STEP + _WIDTH + 20
    height = len(placed) * _ROW + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif" font-size="13">',
        f"<title>{escape(say(TITLE(what=say(tree.label))))}</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for row, (node, depth, parent) in enumerate(placed):
        x, y = 10 + depth * _STEP, 10 + row * _ROW
        if parent is not None:
            px, py = 10 + (depth - 1) * _STEP + 16, 10 + parent * _ROW + _HEIGHT
            parts.append(f'<path d="M{px} {py} V{y + _HEIGHT // 2} H{x}" fill="none" stroke="#888888"/>')
        facts = "  ·  ".join(_facts(node, say))
        parts.append(
            f'<g><title>{escape(node.id)}</title><rect x="{x}" y="{y}" width="{_WIDTH}" '
            f'height="{_HEIGHT}" rx="5" fill="{_COLOURS.get(node.kind, "#eeeeee")}" stroke="#777777"/>'
            f'<text x="{x + 10}" y="{y + 15}" font-weight="600">{escape(_clip(say(node.label), 78))}</text>'
            f'<text x="{x + 10}" y="{y + 30}" font-size="11" fill="#444444">{escape(_clip(facts, 96))}</text>'
            "</g>"
        )
    return "\n".join([*parts, "</svg>", ""])


def _layout(tree: TraceTree, depth: int, parent: int | None) -> list[tuple[TraceTree, int, int | None]]:
    """(node, depth, row of its parent), in the order they are drawn."""
    found: list[tuple[TraceTree, int, int | None]] = []
    stack: list[tuple[TraceTree, int, int | None]] = [(tree, depth, parent)]
    while stack:
        node, level, above = stack.pop()
        found.append((node, level, above))
        row = len(found) - 1
        stack += [(child, level + 1, row) for child in reversed(node.children)]
    return found


def _clip(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
