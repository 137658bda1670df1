"""Which models use each column, and where it comes from: of versions that there are, else as declared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Literal

from msgspec import UnsetType
from msgspec.structs import replace

from comporta.acts.release.release import models
from comporta.errors import NotFound
from comporta.opened.bundle import bundle
from comporta.opened.permission import require_permission
from comporta.opened.project import OpenProject
from comporta.records import Join, Record, Signature
from comporta.records.duration import duration_text
from comporta.records.features import Bundle

Origin = Literal["known", "AsOf", "Window", "compute"]
"""By which of a `Features`' declarations a model has a column."""


class FeatureUse(Record, frozen=True, kw_only=True):
    """One column of one model. version: its newest; None where none was made yet, and it is as declared.

    feature: whether the model reads it as it is; others are carried to match, to compute or for their time.
    type: of the version's column; empty where that is not known. dataset, column: where its values are from;
    of computed ones the dataset is empty, and `column` the functions, of which one makes it. aggregate, over:
    of a window. matched: the columns that a join is made on, of the request and of the table.
    """

    name: str
    model: str
    version: int | None
    origin: Origin
    dataset: str
    column: str
    type: str = ""
    feature: bool = True
    aggregate: str = ""
    over: str = ""
    matched: dict[str, str] = {}

    @property
    def source(self) -> str:
        """`orders.amount`, or the functions."""
        return f"{self.dataset}.{self.column}" if self.dataset else self.column

    @property
    def made_by(self) -> str:
        """`known`, `AsOf`, `Window sum 7d` or `compute`: as a project file has it."""
        return " ".join(filter(None, (self.origin, self.aggregate, self.over)))

    @property
    def used_by(self) -> str:
        """`late/3`, or the name of a model that has no version."""
        return self.model if self.version is None else f"{self.model}/{self.version}"


def feature_uses(opened: OpenProject, name: str = "") -> tuple[FeatureUse, ...]:
    """Every column of every model, by name, then model. name: of the columns of this name, those made of this
    column of a dataset (`amount`, `orders.amount`), or those of this model; empty: all. Raises NotFound,
    Forbidden."""
    require_permission(opened, "data.read")
    return choose_uses(sorted(_uses(opened), key=lambda use: (use.name, use.model)), name)


def choose_uses(found: Sequence[FeatureUse], name: str) -> tuple[FeatureUse, ...]:
    """Those that a name means; see `feature_uses`."""
    chosen = tuple(use for use in found if not name or name in (use.name, use.source, use.column))
    chosen = chosen or tuple(use for use in found if name == use.model)
    if name and not chosen:
        known = sorted({text for use in found for text in (use.name, use.source, use.model)})
        near = get_close_matches(name, known, 3) or known
        expected = f"one of: {', '.join(near)}" if near else "one of a model: none is declared"
        raise NotFound(f"found no column and no model {name!r}, expected {expected}.")
    return chosen


def _uses(opened: OpenProject) -> Iterator[FeatureUse]:
    done = set()
    for version in models(opened, limit=1):
        done.add(version.model)
        way = opened.context.get_json(version.parts["bundle"], Bundle)
        signature = opened.context.get_json(version.parts["signature"], Signature)
        types = {field.name: field.type for field in signature.features}
        carried = {field.name: field.type for field in signature.raw}
        yield from bundle_uses(version.model, version.number, way, types, carried)
    for model in opened.project.models:
        if model.name not in done:
            way = bundle(model, opened.root)
            yield from bundle_uses(model.name, None, way, dict.fromkeys(declared_features(way), ""), {})


def declared_features(way: Bundle) -> list[str]:
    """The features that are known before any was computed."""
    if way.use is not None:
        return list(way.use)
    apart = {*way.shape.key, way.shape.subject, way.shape.time}
    seen = [*way.known, *(name for join in way.joins for name in join.feature_names)]
    return [name for name in seen if name not in apart]


def bundle_uses(
    model: str, number: int | None, way: Bundle, features: dict[str, str], carried: dict[str, str]
) -> Iterator[FeatureUse]:
    """The columns of one version. features, carried: name → type, of what it reads and what a request has."""
    joined = {name: join for join in way.joins for name in join.feature_names}
    functions = ", ".join(reference.rpartition(":")[2] for reference in way.compute)
    for name, kind in {**{each: carried.get(each, "") for each in way.known}, **features}.items():
        feature = name in features
        if name in way.known:
            use = FeatureUse(
                name=name, model=model, version=number, origin="known", dataset=way.of, column=name,
                type=kind, feature=feature,
            )  # fmt: skip
        elif name in joined:
            use = _of_join(joined[name], name, model, number, kind)
        else:
            use = FeatureUse(
                name=name, model=model, version=number, origin="compute", dataset="", column=functions,
                type=kind,
            )  # fmt: skip
        yield use
    # What is joined for the functions alone.
    for name, join in joined.items():
        if name not in features:
            yield replace(_of_join(join, name, model, number, ""), feature=False)


def _of_join(join: Join, name: str, model: str, number: int | None, kind: str) -> FeatureUse:
    if isinstance(join.window, UnsetType):
        column = next(column for column, feature in join.columns.items() if feature == name)
        return FeatureUse(
            name=name, model=model, version=number, origin="AsOf", dataset=join.dataset, column=column,
            type=kind, matched=join.on,
        )  # fmt: skip
    aggregate, column = join.window.of[name]
    return FeatureUse(
        name=name, model=model, version=number, origin="Window", dataset=join.dataset, column=column,
        type=kind, matched=join.on, aggregate=aggregate, over=duration_text(join.window.over),
    )  # fmt: skip
