"""What the steps that write a model down or open it need of the project's own code."""

from __future__ import annotations

from pathlib import Path

from comporta.project import Model
from comporta.project.reference import name_of
from comporta.records.recipe import CODECS, FIT


def opening(model: Model, root: Path) -> dict[str, str | tuple[str, ...]]:
    """What a step that opens the kept model counts beside its own code: a model may be of the project's own
    classes, or written down by a codec of its own."""
    return {FIT: name_of(model.fit, root), **own_codecs(model, root)}


def own_codecs(model: Model, root: Path) -> dict[str, str | tuple[str, ...]]:
    """The classes of the codecs that the model declares, by their names; nothing where there are none."""
    names = tuple(name_of(type(codec), root) for codec in model.codecs)
    return {CODECS: names} if names else {}
