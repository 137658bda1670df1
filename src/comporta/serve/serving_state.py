"""What serves now: an immutable set of versions by model, replaced whole by one reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from comporta.errors import BadRequest, ComportaError
from comporta.records import Route, Share
from comporta.serve.codes import CANNOT
from comporta.serve.live_version import LiveVersion, live_version
from comporta.serve.traffic_split import TrafficSplit, split_traffic
from comporta.serve.version_source import VersionSource


class ServedArm(msgspec.Struct, frozen=True, gc=False):
    """Where some units are sent. release, role: of the release that sends them there."""

    live: LiveVersion
    release: int | None = None
    role: str | None = None


class ServedModel(msgspec.Struct, frozen=True):
    """One model: its shares that answer, and the versions they name, in memory.

    champion: the version that the release names so, by whose columns requests are read. release: the number
    of the release that these shares are of, where it has one. plan: its plan's id, or empty. split: what part
    of the units each of arms has. champion_arm: where all go who have no unit, under a plan.
    """

    model: str
    shares: tuple[Share, ...]
    versions: Mapping[int, LiveVersion]
    champion: LiveVersion
    champion_arm: ServedArm
    arms: tuple[ServedArm, ...]
    split: TrafficSplit
    release: int | None = None
    plan: str = ""

    def arm(self, key: bytes, unit: str | None, first: str) -> ServedArm:
        """Where this unit is sent. first: stands for it where there is none and no plan is under way; under
        one such a request goes to the champion, since nothing that comes of it could be counted."""
        arms = self.arms
        if len(arms) == 1:
            return arms[0]
        if unit is None:
            if self.plan:
                return self.champion_arm
            unit = first
        return arms[self.split.index(key, unit)]

    def find(self, text: str) -> LiveVersion | None:
        """The version of this number; None where none is served."""
        return self.versions.get(int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else None

    def version(self, text: str) -> LiveVersion:
        """The same. Raises BadRequest with status 404 where none is served."""
        live = self.find(text)
        if live is None:
            served = ", ".join(str(number) for number in sorted(self.versions))
            raise BadRequest(
                f"model {self.model!r}: this version is not served, expected one of: {served}.", 404
            )
        return live


class FailedRelease(msgspec.Struct, frozen=True):
    """Shares that could not be loaded, and why."""

    shares: tuple[Share, ...]
    reason: str


class ServingState(msgspec.Struct, frozen=True):
    """Every model that serves. failed: releases that could not be loaded, by model."""

    models: Mapping[str, ServedModel] = {}
    failed: Mapping[str, FailedRelease] = {}

    def find(self, model: str | None) -> ServedModel | None:
        """The model of this name, or the only one where none is named; None where there is none such."""
        if model is not None:
            return self.models.get(model)
        return next(iter(self.models.values())) if len(self.models) == 1 else None

    @property
    def least_sample(self) -> float:
        """The smallest share of answers that a version here keeps."""
        return min(
            (live.loaded.log_sample for served in self.models.values() for live in served.versions.values()),
            default=1.0,
        )

    @property
    def ready(self) -> bool:
        return bool(self.models) and not (self.failed.keys() - self.models.keys())


def next_serving_state(
    old: ServingState,
    source: VersionSource,
    clock: Callable[[], int],
    say: Callable[[str], None],
    *,
    again: bool = True,
    on_routes: Callable[[Mapping[str, Route]], None] = lambda routes: None,
) -> ServingState:
    """What serves next: what is loaded stays, what is new is loaded, warmed and asked beside it.

    A model whose new version cannot be loaded goes on as before; it is tried again when its shares change,
    or with `again`. The same object when nothing changed. on_routes: called with what is released, before any
    of it is loaded.
    """
    routes = source.routes()
    on_routes(routes)
    models: dict[str, ServedModel] = {}
    failed: dict[str, FailedRelease] = {}
    for model, route in routes.items():
        before = old.models.get(model)
        taking = tuple(share for share in route.shares if share.weight > 0)
        release, plan = route.number, route.plan
        if before is not None and before.shares == taking:
            same = (before.release, before.plan) == (release, plan)
            models[model] = before if same else _served_model(route, before.versions)
            continue
        known = old.failed.get(model)
        if known is not None and known.shares == taking and not again:
            failed[model] = known
            if before is not None:
                models[model] = before
            continue
        wanted = {share.version for share in taking}
        versions = {
            number: live for number, live in (before.versions if before else {}).items() if number in wanted
        }
        try:
            for number in sorted(wanted - versions.keys()):
                versions[number] = live_version(
                    partial(source.load, model, number), f"{model}/{number}", clock(), say
                )
        except ComportaError as error:
            failed[model] = FailedRelease(taking, str(error))
            if failed[model] != known:
                say(f"{model}: {CANNOT.template} {error}")
            if before is not None:
                models[model] = before
            continue
        models[model] = _served_model(route, versions)
        _announce(models[model], say)
    if models == dict(old.models) and failed == dict(old.failed):
        return old
    return ServingState(models, failed)


def _served_model(route: Route, versions: Mapping[int, LiveVersion]) -> ServedModel:
    """versions: at least those of the shares that answer."""
    shares = tuple(share for share in route.shares if share.weight > 0)
    split = split_traffic(shares, route.model, route.plan)
    arms = tuple(ServedArm(versions[share.version], route.number, share.role) for share in split.shares)
    first = next(arm for arm in arms if arm.role == "champion")
    return ServedModel(
        route.model, shares, versions, first.live, first, arms, split, route.number, route.plan
    )


def _announce(served: ServedModel, say: Callable[[str], None]) -> None:
    """Says what answers from now on."""
    say(f"{served.model}: {_shares(served.shares)}")
    for live in served.versions.values():
        if live.loaded.apart:
            say(f"{live.name} answers from its own environment: what is installed does not do for it.")


def _shares(shares: tuple[Share, ...]) -> str:
    if len(shares) == 1:
        return f"version {shares[0].version} answers"
    return ", ".join(
        f"version {share.version} answers {share.weight:.0%}"
        + (f" as {share.role}" if share.role in ("canary", "control", "holdback") else "")
        for share in shares
    )
