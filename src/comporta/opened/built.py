"""Which nodes make a version what it is."""

from __future__ import annotations

from comporta.records import NodeKey

BUILT = ("features", "split", "fit", "export", "predict")
"""The kinds of node that make a version what it is; the others measure it."""


def built_keys(model: str) -> dict[str, NodeKey]:
    """The nodes that make a version of a model what it is, by their kind."""
    return {kind: NodeKey(kind=kind, model=model) for kind in BUILT}
