"""The digest of all that some functions reach: the graph walked from them, each node numbered as it is met.

The numbers follow from the structure alone, so a function that is moved or renamed keeps its own; what two
walks write is equal only where nodes and links are.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from blake3 import blake3

from comporta.engine.graph import Graph
from comporta.engine.links import CodeNode, Key, Link
from comporta.records import Record


class Reach(Record, frozen=True, kw_only=True):
    """What some functions reach. digest: of all of it. packages: top-level names imported from outside.
    files: those read. values: constant → digest of its value."""

    digest: str
    packages: tuple[str, ...]
    files: tuple[str, ...]
    values: dict[str, str]


def walk(graph: Graph, refs: Iterable[str]) -> Reach:
    """From these references, in this order. Raises BadProject."""
    return _Walk(graph).reach([graph.root(ref) for ref in refs])


def own_digest(graph: Graph, refs: Iterable[str]) -> str:
    """Of what these references reach of the project's, wherever it stands and whatever Comporta's own code
    beside it does, which is told by its name, and where Comporta has several of that name by its digest.
    Raises BadProject."""
    return _Walk(graph).own([graph.root(ref) for ref in refs])


def nodes(graph: Graph, refs: Iterable[str]) -> Iterator[tuple[Key | None, CodeNode]]:
    """Every node of that walk with its key; a root has none. Raises BadProject."""
    roots = [graph.root(ref) for ref in refs]
    yield from ((None, node) for node in roots)
    yield from _Walk(graph).all(roots)


class _Walk:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._numbers: dict[Key, int] = {}
        self._keys: list[Key] = []
        self._nodes: list[CodeNode] = []
        self._imported: dict[str, None] = {}
        self._packages: set[str] = set()
        self._files: set[str] = set()
        self._values: dict[str, str] = {}

    def digest(self, roots: list[CodeNode]) -> str:
        """Of all that they reach."""
        lines = ["root" + self._line(node) for node in roots]
        position = 0
        done: set[str] = set()
        while True:
            while position < len(self._keys):
                node = self._graph.node(self._keys[position])
                position += 1
                self._nodes.append(node)
                if node.value is not None:
                    self._values[node.value[0]] = node.value[1]
                lines.append(node.text + self._line(node))
            new = self._modules(done)
            if not new:
                break
            lines += new
        return blake3("\n\n".join(lines).encode(errors="surrogatepass")).hexdigest()

    def reach(self, roots: list[CodeNode]) -> Reach:
        return Reach(
            digest=self.digest(roots),
            packages=tuple(sorted(self._packages - sys.stdlib_module_names)),
            files=tuple(sorted(self._files)),
            values=self._values,
        )

    def all(self, roots: list[CodeNode]) -> Iterator[tuple[Key, CodeNode]]:
        self.digest(roots)
        return zip(self._keys, self._nodes, strict=True)

    def _line(self, node: CodeNode) -> str:
        """The node's links, by number; what it brings about is noted."""
        self._imported.update(dict.fromkeys(node.imports))
        self._packages.update(node.packages)
        if node.file is not None:
            self._files.add(node.file)
        numbers, keys = self._numbers, self._keys
        parts = []
        for name, links in node.links:
            parts.append("\n" + name)
            for target, text, _ in links:
                if target is None:
                    parts.append("\t:" + text)
                    continue
                number = numbers.get(target)
                if number is None:
                    number = numbers[target] = len(keys)
                    keys.append(target)
                parts.append(f"\t{number} {text}")
        return "".join(parts)

    def _modules(self, done: set[str]) -> list[str]:
        """What the modules do that were imported since, each with all it imports itself: in an order that
        does not follow from their names."""
        left = [label for label in self._imported if label not in done]
        found = []
        while left:
            label = left.pop()
            if label in done:
                continue
            done.add(label)
            parts = self._graph.imported_module(label)
            self._packages.update(parts.packages)
            if parts.file is not None:
                self._files.add(parts.file)
            if parts.text:
                found.append((parts.text, label, parts))
            left += parts.imports
        lines = []
        for _, _, parts in sorted(found):
            node = CodeNode(
                "", "", (("effects", tuple(Link(key, "") for key in parts.effects)),), (), (), None
            )
            lines.append(parts.native + self._line(node))
        return lines

    def own(self, roots: list[CodeNode]) -> str:
        """Of the project's own nodes alone, numbered among themselves."""
        self.digest(roots)
        numbers: dict[Key, int] = {}
        for key, node in zip(self._keys, self._nodes, strict=True):
            if node.bare:
                numbers[key] = len(numbers)

        def line(node: CodeNode) -> str:
            parts = []
            for name, links in node.links:
                parts.append("\n" + name)
                for target, text, spelling in links:
                    if target is not None and target in numbers:
                        parts.append(f"\t{numbers[target]} {text}")
                    else:
                        parts.append(
                            f"\t:{text if target is None else spelling + self._which(target, spelling)}"
                        )
            return "".join(parts)

        lines = ["root" + line(node) for node in roots]
        lines += [node.bare + line(node) for node in self._nodes if node.bare]
        return blake3("\n\n".join(lines).encode(errors="surrogatepass")).hexdigest()

    def _which(self, target: Key, spelling: str) -> str:
        """Which of Comporta's own of one name is meant: "" where it has one, else what that one does."""
        if (
            not spelling
            or not any(node.bare for node in self._nodes)
            or not self._graph.is_shared(spelling.partition(".")[0])
        ):
            return ""
        return f"@{self._graph.digest_of(target, lambda node: _Walk(self._graph).digest([node]))}"
