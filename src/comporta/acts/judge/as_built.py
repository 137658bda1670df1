"""How a version was built, where the project's source has gone on since."""

from __future__ import annotations

from comporta.acts.judge.nodes import features_node
from comporta.opened.bundle import bundle
from comporta.opened.lineage import QUESTIONS
from comporta.opened.project import OpenProject
from comporta.project import Model
from comporta.records import Artifact, Version
from comporta.records.features import Bundle


def as_built(opened: OpenProject, model: Model, version: Version) -> dict[str, Artifact]:
    """The `bundle` and the `code` by which the version makes its features; nothing where the project makes
    them the same way by now, so that what was measured then is not measured again."""
    node = features_node(model, opened.root)
    question = opened.ledger.get(QUESTIONS, version.steps.get(node.name, ""))
    same = question is not None and question.recipe.code == opened.engine.digest(node.run, node.uses)
    then = opened.context.get_json(version.parts["bundle"], Bundle)
    if same and then == bundle(model, opened.root):
        return {}
    return {part: version.parts[part] for part in ("bundle", "code")}
