"""A version in memory as a server has it: its model, its features' functions, the history that it joins."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import replace

from comporta.data import feature_function, parse_type, scan_slice, slice_of
from comporta.data.dataset_log import read_log
from comporta.data.feature_row import feature_row, key_columns
from comporta.data.features import FeaturePlan, plan_of_bundle
from comporta.data.online import LatestTables, OnlineTables, online_tables, tables_of
from comporta.data.online_table import JoinedTable
from comporta.data.types import type_text
from comporta.errors import BadProject, BadRequest, ComportaError
from comporta.opened.dataset_versions import DATASETS
from comporta.opened.declared_shapes import DeclaredShapes
from comporta.opened.mapped_tables import MappedTables, NoRoom
from comporta.opened.project import OpenProject
from comporta.opened.source import lay_out
from comporta.opened.table_files import TableAsk, TableState
from comporta.opened.version_functions import version_functions
from comporta.records import Join, Signature, Version
from comporta.records.features import Bundle, FeatureRow
from comporta.serve import LoadedVersion
from comporta.serve.version_source import FeatureView

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")

_LOOK = 0.05
_LOOKS_AT_LOGS = 5
"""Of so many looks for newer versions one is at the logs of the datasets too."""
_LOOKS_AFTER_FAULT = 30
"""After so many what could not be read is tried again."""


def load_version(
    opened: OpenProject, version: Version, tables: MappedTables | None = None
) -> tuple[LoadedVersion, JoinHistory | None]:
    """The version as a server has it, and the history that it joins, if any. tables: from where that is
    mapped; None: in memory. Raises NotFound, Tampered,
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
        history = JoinHistory(opened, plan, does.signature, tables)
        answer = feature_function(plan, history.latest)
        view = _feature_view(opened, plan, history, features, bundle.log_without)
        if does.apart:
            answer = _unwrapping(answer)
            view = view and replace(view, read=_unwrapping(view.read))
    loaded = LoadedVersion(
        model=version.model,
        number=version.number,
        signature=does.signature,
        predict=does.predict,
        fast=does.fast if plain else None,
        row=does.row if plain else None,
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
    opened: OpenProject, plan: FeaturePlan, history: JoinHistory, names: Sequence[str], hidden: Sequence[str]
) -> FeatureView | None:
    """The features of a key; None where the plan joins no history."""
    columns = key_columns(plan)
    if not columns:
        return None
    declared = DeclaredShapes(opened)

    def read(sent: pl.DataFrame, at: pl.Series) -> FeatureRow | None:
        try:
            personal = declared.read()
        except BadProject as error:
            raise BadRequest(
                "the project's file cannot be run where this is served, so nobody can tell which columns are "
                "personal by now. Run there: comporta check",
                503,
            ) from error
        return feature_row(plan, history.latest, names, hidden, sent, at, declared=personal)

    return FeatureView(columns=columns, read=read)


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
    """The tables a version joins, at their newest; renewed when a dataset has a newer version, or an erasure.

    tables: of the process, mapped from files; None: in memory of its own."""

    def __init__(
        self, opened: OpenProject, plan: FeaturePlan, signature: Signature, tables: MappedTables | None = None
    ) -> None:
        import polars as pl

        self.opened, self.plan, self._mapped = opened, plan, tables
        self.datasets = sorted({join.dataset for join in plan.joins})
        self.requests = pl.Schema({field.name: parse_type(field.type) for field in signature.raw})
        self._looks = 0
        self._seen = self._newest()
        self._again: float = inf
        first = self._read_tables(self._seen, wait=True, whole=True)
        assert first is not None
        self.latest = LatestTables(first)

    @property
    def names(self) -> set[str]:
        """Of its tables, as `MappedTables` calls them."""
        return {self._ask(join).name for join in self.plan.joins}

    def renew(self) -> None:
        """Brings in newer versions, beside those in use; where they are being written, the next time, and
        some times later where they cannot be read: what was erased must not go on to be answered."""
        self._looks += 1
        newest = self._newest()
        if newest == self._seen and self._looks < self._again:
            return
        self._seen, self._again = newest, self._looks + _LOOKS_AFTER_FAULT
        # Shorter history than when the server began is no reason to answer from what is no longer there.
        tables = self._read_tables(newest, wait=False, whole=False)
        if tables is None:
            self._again = self._looks
        else:
            self._again = inf
            self.latest.swap(tables)

    def _newest(self) -> dict[str, tuple[int, int]]:
        """Of each dataset the newest version's number, and how many entries its log has: that is looked at
        now and then, for an erasure makes no version."""
        seen = {}
        for name in self.datasets:
            newest = self.opened.ledger.scan(DATASETS, f"{name}/", newest=True, limit=1)
            number = newest[0][1].number if newest else 0
            before = self._seen.get(name) if self._looks else None
            if before is not None and before[0] == number and self._looks % _LOOKS_AT_LOGS:
                seen[name] = before
            else:
                seen[name] = (number, read_log(self.opened.store, self.opened.keys, name).n)
        return seen

    def _read_tables(
        self, seen: Mapping[str, tuple[int, int]], *, wait: bool, whole: bool
    ) -> OnlineTables | None:
        """The tables of these versions; None while one is being written."""
        opened = self.opened
        slices = {
            name: slice_of(opened.store, opened.keys, name, number=number)
            for name, (number, _) in seen.items()
        }
        numbers = {name: number for name, (number, _) in seen.items()}

        def in_memory(joins: tuple[Join, ...]) -> OnlineTables:
            frames = {name: scan_slice(opened.store, opened.keys, each) for name, each in slices.items()}
            return online_tables(
                frames, joins, self.plan.shapes, self.requests, versions=numbers, whole=whole
            )

        if self._mapped is None:
            return in_memory(self.plan.joins)
        found: dict[int, JoinedTable] = {}
        while True:
            for place, join in enumerate(self.plan.joins):
                if place in found:
                    continue
                state = TableState(number=numbers[join.dataset], digest=slices[join.dataset].digest)
                try:
                    table = self._mapped.table(self._ask(join), state, whole=whole)
                except NoRoom:
                    table = in_memory((join,)).tables[0]
                    self._mapped.let_go(self._ask(join))
                if table is not None:
                    found[place] = table
            if len(found) == len(self.plan.joins):
                return tables_of(tuple(found[place] for place in sorted(found)), numbers)
            if not wait:
                return None
            time.sleep(_LOOK)

    def _ask(self, join: Join) -> TableAsk:
        types = {name: type_text(self.requests[name]) for name in join.on}
        return TableAsk(join=join, shape=self.plan.shapes[join.dataset], requests=types)
