"""A version in memory as a server has it: its model, its features' functions, the history that it joins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from msgspec.structs import replace

from comporta.data import feature_function, parse_type, scan_slice, slice_of
from comporta.data.feature_row import feature_row, key_columns
from comporta.data.features import FeaturePlan, plan_of_bundle
from comporta.data.online import LatestTables, OnlineTables, online_tables
from comporta.errors import BadProject, ComportaError
from comporta.opened.dataset_versions import DATASETS
from comporta.opened.project import OpenProject
from comporta.opened.source import lay_out
from comporta.opened.version_functions import version_functions
from comporta.records import Signature, Version
from comporta.records.features import Bundle
from comporta.serve import LoadedVersion
from comporta.serve.version_source import FeatureView

T = TypeVar("T")


def load_version(opened: OpenProject, version: Version) -> tuple[LoadedVersion, JoinHistory | None]:
    """The version as a server has it, and the history that it joins, if any. Raises NotFound, Tampered,
    Refused, BadProject, and whatever the project's own code raises."""
    laid = lay_out(opened.context, version.parts["code"], opened.below / "code")
    bundle = opened.context.get_json(version.parts["bundle"], Bundle)
    does = version_functions(opened, version, laid, bundle.compute)
    raw = tuple(field.name for field in does.signature.raw)
    features = tuple(field.name for field in does.signature.features)
    plain = not bundle.joins and not bundle.compute and raw == features
    history = answer = view = None
    if not plain:
        plan = plan_of_bundle(bundle, does.compute)
        history = JoinHistory(opened, plan, does.signature)
        answer = feature_function(plan, history.latest)
        view = _feature_view(plan, history, features, bundle.log_without)
        if does.apart:
            answer = _unwrapping(answer)
            view = view and replace(view, read=_unwrapping(view.read))
    loaded = LoadedVersion(
        model=version.model,
        number=version.number,
        signature=does.signature,
        predict=does.predict,
        fast=does.fast if plain else None,
        features=answer,
        requires=bundle.requires,
        form=bundle.shapes[bundle.of].form,
        time=bundle.shapes[bundle.of].time,
        expects=tuple(each for each in bundle.shapes[bundle.of].columns if each.name in raw),
        probe=does.probe if plain else None,
        decimals=bundle.decimals,
        apart=does.apart,
        log_sample=bundle.log_sample,
        log_without=bundle.log_without,
        forms=does.forms,
        view=view,
    )
    return loaded, history


def _feature_view(
    plan: FeaturePlan, history: JoinHistory, names: Sequence[str], hidden: Sequence[str]
) -> FeatureView | None:
    """The features of a key; None where the plan joins no history."""
    columns = key_columns(plan)
    read = partial(feature_row, plan, history.latest, names, hidden)
    return FeatureView(columns=columns, read=read) if columns else None


def _unwrapping(features: Callable[[Any, Any], T]) -> Callable[[Any, Any], T]:
    """The same; what a process of another environment said stands alone, as it names the function itself."""

    def answer(raw: Any, at: Any) -> Any:
        try:
            return features(raw, at)
        except BadProject as error:
            if isinstance(error.__cause__, ComportaError):
                raise error.__cause__ from None
            raise

    return answer


class JoinHistory:
    """The tables a version joins, at their newest; renewed when a dataset has a newer version."""

    def __init__(self, opened: OpenProject, plan: FeaturePlan, signature: Signature) -> None:
        import polars as pl

        self.opened, self.plan = opened, plan
        self.datasets = sorted({join.dataset for join in plan.joins})
        self.requests = pl.Schema({field.name: parse_type(field.type) for field in signature.raw})
        self.numbers = self._newest()
        self.latest = LatestTables(self._read_tables())

    def renew(self) -> None:
        """Brings in newer versions, beside those in use."""
        newest = self._newest()
        if newest != self.numbers:
            self.numbers = newest
            # Shorter history than when the server began is no reason to answer from what is no longer there.
            self.latest.swap(self._read_tables(whole=False))

    def _newest(self) -> dict[str, int]:
        numbers = {}
        for name in self.datasets:
            newest = self.opened.ledger.scan(DATASETS, f"{name}/", newest=True, limit=1)
            numbers[name] = newest[0][1].number if newest else 0
        return numbers

    def _read_tables(self, *, whole: bool = True) -> OnlineTables:
        opened = self.opened
        frames = {
            name: scan_slice(
                opened.store, opened.keys, slice_of(opened.store, opened.keys, name, number=number)
            )
            for name, number in self.numbers.items()
        }
        return online_tables(
            frames,
            self.plan.joins,
            self.plan.shapes,
            self.requests,
            versions=self.numbers,
            whole=whole,
        )
