"""The released versions, brought to the server: routes from the ledger, models and history from the store."""

from __future__ import annotations

from collections.abc import Mapping

from comporta.acts.serve.serving_log import SEAL_SECONDS, PredictionLog
from comporta.acts.serve.signed_routes import SignedRoutes
from comporta.data import feature_function, parse_type, scan_slice, slice_of
from comporta.data.features import FeaturePlan, plan_of_bundle
from comporta.data.online import LatestTables, OnlineTables, online_tables
from comporta.errors import NotFound
from comporta.opened.dataset_versions import DATASETS
from comporta.opened.isolated import IsolatedSource
from comporta.opened.lineage import QUESTIONS
from comporta.opened.project import OpenProject
from comporta.opened.source import lay_out
from comporta.records import Codec, Route, Signature, Version
from comporta.records.features import Bundle
from comporta.records.recipe import CODECS
from comporta.registry import VERSIONS, version_key
from comporta.release import ROUTES
from comporta.serve import LoadedVersion, ModelScores
from comporta.serve import serve as answer_requests
from comporta.train import load_predictor, trial_rows


def serve(
    opened: OpenProject,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    durable: bool = False,
    every: float = SEAL_SECONDS,
) -> None:
    """Answers requests until interrupted. every: seconds between seals. Raises NotFound when nothing was
    released yet."""
    if not opened.ledger.scan(ROUTES, limit=1):
        raise NotFound(
            "found nothing released, expected a version that serves. Release one: comporta release VERSION"
        )
    with PredictionLog(opened, every=every) as log:
        answer_requests(
            ReleasedVersions(opened),
            log,
            key=opened.keys.unit,
            host=host,
            port=port,
            durable=durable,
            tally=log.tally,
            samples=log.samples,
        )


class ReleasedVersions:
    """A source of routes and versions for the server."""

    def __init__(self, opened: OpenProject) -> None:
        self.opened = opened
        self._signed = SignedRoutes(opened)
        self._histories: dict[str, JoinHistory] = {}

    def routes(self) -> Mapping[str, Route]:
        """Who gets which traffic now. History that has a newer version is brought in on the way. Raises
        Tampered where a route is not what its signed releases say."""
        for history in self._histories.values():
            history.renew()
        routes = dict(self.opened.ledger.scan(ROUTES))
        self._signed.require_routes(routes)
        return routes

    def load(self, model: str, number: int) -> LoadedVersion:
        """The version, checked against its signed events and its digests. Raises NotFound, Tampered."""
        version = self.opened.ledger.get(VERSIONS, version_key(model, number))
        if version is None:
            raise NotFound(f"found no version {model}/{number} in the registry.")
        self._signed.require_version(version)
        return self._load_version(version)

    def _load_version(self, version: Version) -> LoadedVersion:
        opened = self.opened
        source = IsolatedSource(lay_out(opened.context, version.parts["code"], opened.below / "code"))
        with source.enter():  # a kept model may be of the project's own classes
            predictor = load_predictor(
                opened.context, version.parts, own=lambda: self._codecs(version, source)
            )
        predictor.self_test()
        bundle = opened.context.get_json(version.parts["bundle"], Bundle)
        raw = tuple(field.name for field in predictor.signature.raw)
        features = tuple(field.name for field in predictor.signature.features)
        plain = not bundle.joins and not bundle.compute and raw == features
        answer = None
        if not plain:
            plan = plan_of_bundle(bundle, source.functions(bundle.compute))
            history = JoinHistory(opened, plan, predictor.signature)
            self._histories[version.id] = history
            answer = feature_function(plan, history.latest)
        return LoadedVersion(
            model=version.model,
            number=version.number,
            signature=predictor.signature,
            predict=lambda frame: ModelScores.of(predictor.predict(frame)),
            fast=(lambda rows: ModelScores.of(predictor.fast(rows))) if plain else None,
            features=answer,
            requires=bundle.requires,
            form=bundle.shapes[bundle.of].form,
            time=bundle.shapes[bundle.of].time,
            expects=tuple(each for each in bundle.shapes[bundle.of].columns if each.name in raw),
            probe=trial_rows(predictor) if plain else None,
        )

    def _codecs(self, version: Version, source: IsolatedSource) -> tuple[Codec, ...]:
        """Those of the project's own that it was fitted with, from its kept source."""
        asked = (self.opened.ledger.get(QUESTIONS, recipe) for recipe in version.steps.values())
        fits = (each.recipe.uses for each in asked if each is not None and each.recipe.run == "train.fit")
        refs = next(fits, {}).get(CODECS, ())
        return tuple(made() for made in source.functions(tuple(refs)))


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
            self.latest.swap(self._read_tables())

    def _newest(self) -> dict[str, int]:
        numbers = {}
        for name in self.datasets:
            newest = self.opened.ledger.scan(DATASETS, f"{name}/", newest=True, limit=1)
            numbers[name] = newest[0][1].number if newest else 0
        return numbers

    def _read_tables(self) -> OnlineTables:
        opened = self.opened
        frames = {
            name: scan_slice(
                opened.store, opened.keys, slice_of(opened.store, opened.keys, name, number=number)
            )
            for name, number in self.numbers.items()
        }
        return online_tables(frames, self.plan.joins, self.plan.shapes, self.requests, versions=self.numbers)
