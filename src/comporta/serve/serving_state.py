"""What serves now: an immutable set of versions by model, replaced whole by one reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from comporta.errors import BadRequest
from comporta.records import Route, Share
from comporta.serve.codes import CANNOT
from comporta.serve.live_version import LiveVersion
from comporta.serve.recorder import RowsByAnswerer
from comporta.serve.tally import Answerer, PlanArm
from comporta.serve.traffic_split import TrafficSplit, split_traffic

VersionKey = tuple[str, int]
"""A model and the number of its version."""


class ServedArm(msgspec.Struct, frozen=True, gc=False):
    """Where some units are sent. release, role: of the release that sends them there. of: by what its rows
    are counted. one: of one row of it, the same. alike: whether a row that was read by the champion's columns
    can be handed to it as it is."""

    live: LiveVersion
    release: int | None
    role: str | None
    of: Answerer
    one: RowsByAnswerer
    alike: bool = True


class ServedModel(msgspec.Struct, frozen=True):
    """One model: its shares that answer, and the versions they name, in memory.

    champion: the version that the release names so, by whose columns requests are read. release: the number
    of the release that these shares are of, where it has one. plan: its plan's id, or empty. split: what part
    of the units each of arms has. champion_arm: where all go who have no unit, under a plan.

    warm: versions that could answer at once and answer nobody. shadow: of these the one that is asked what
    the others answered.
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
    warm: Mapping[int, LiveVersion] = {}
    shadow: ServedArm | None = None

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

    def holds(self, number: int) -> bool:
        """Whether this version is in memory, answering or warm."""
        return number in self.versions or number in self.warm


class FailedRelease(msgspec.Struct, frozen=True):
    """Shares that could not be loaded, and why."""

    shares: tuple[Share, ...]
    reason: str


class ServingState(msgspec.Struct, frozen=True):
    """Every model that serves. failed: releases that could not be loaded, by model. unready: why of versions
    that a release names and that are to answer nobody yet. cut_off: whether nothing answers because releases
    could not be read for too long."""

    models: Mapping[str, ServedModel] = {}
    failed: Mapping[str, FailedRelease] = {}
    unready: Mapping[VersionKey, str] = {}
    cut_off: bool = False

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
    routes: Mapping[str, Route],
    loaded: Mapping[VersionKey, LiveVersion],
    failed: Mapping[VersionKey, str],
) -> ServingState:
    """What could serve now of what is released, with what is in memory; the same object when nothing changed.

    A model of which a version that is to answer is not loaded yet, or cannot be, goes on as before. One that
    is only to be warm keeps nobody waiting. failed: why versions could not be loaded.
    """
    models: dict[str, ServedModel] = {}
    faults: dict[str, FailedRelease] = {}
    for model, route in routes.items():
        before = old.models.get(model)
        taking = answering_shares(route)
        numbers = {share.version for share in taking}
        if all((model, number) in loaded for number in numbers):
            made = _served_model(route, taking, loaded)
            models[model] = before if before == made else made
            continue
        reason = next((failed[model, each] for each in sorted(numbers) if (model, each) in failed), None)
        if reason is not None:
            faults[model] = FailedRelease(taking, reason)
        elif model in old.failed:  # until it is known of the new ones
            faults[model] = old.failed[model]
        if before is not None:
            models[model] = before
    unready = {
        (model, share.version): failed[model, share.version]
        for model, route in routes.items()
        for share in route.shares
        if share.weight == 0 and (model, share.version) in failed
    }
    same = models.keys() == old.models.keys() and all(
        each is old.models[name] for name, each in models.items()
    )
    if same and faults == dict(old.failed) and unready == dict(old.unready):
        return old
    return ServingState(models, faults, unready)


def answering_shares(route: Route) -> tuple[Share, ...]:
    """Those that answer requests."""
    return tuple(share for share in route.shares if share.weight > 0)


def wanted_versions(routes: Mapping[str, Route]) -> list[VersionKey]:
    """Every version that is to be in memory: first those that answer."""
    shares = [(share, model) for model, route in routes.items() for share in route.shares]
    ordered = sorted(shares, key=lambda each: each[0].weight == 0)
    return list(dict.fromkeys((model, share.version) for share, model in ordered))


def _served_model(
    route: Route, shares: tuple[Share, ...], loaded: Mapping[VersionKey, LiveVersion]
) -> ServedModel:
    model = route.model
    split = split_traffic(shares, model, route.plan)
    arms = tuple(_arm(route, share, loaded) for share in split.shares)
    first = next(arm for arm in arms if arm.role == "champion")
    versions = {share.version: loaded[model, share.version] for share in shares}
    beside = [share for share in route.shares if share.weight == 0 and (model, share.version) in loaded]
    return ServedModel(
        model, shares, versions, first.live, first, arms, split, route.number, route.plan,
        {share.version: loaded[model, share.version] for share in beside},
        next((_arm(route, share, loaded) for share in beside if share.role == "shadow"), None),
    )  # fmt: skip


def _arm(route: Route, share: Share, loaded: Mapping[VersionKey, LiveVersion]) -> ServedArm:
    live, champion = loaded[route.model, share.version], loaded.get((route.model, route.champion))
    alike = champion is None or live.schema.names == champion.schema.names
    if not route.plan:
        return ServedArm(live, route.number, share.role, share.version, live.one, alike)
    of = PlanArm(share.version, route.plan, route.number or 0, share.role)
    return ServedArm(live, route.number, share.role, of, ((of, 1),), alike)


def announce(old: ServingState, new: ServingState, say: Callable[[str], None]) -> None:
    """Says what answers from now on and did not, what waits, and what could not be loaded."""
    for model, served in new.models.items():
        before = old.models.get(model)
        if before is None or before.shares != served.shares:
            say(f"{model}: {_shares(served.shares)}")
        for number, live in served.versions.items():
            if live.loaded.apart and (before is None or number not in before.versions):
                say(f"{live.name} answers from its own environment: what is installed does not do for it.")
        for number in served.warm:
            if before is None or not before.holds(number):
                say(f"{model}: version {number} is loaded, and answers nobody yet")
    for model, fault in new.failed.items():
        if old.failed.get(model) != fault:
            say(f"{model}: {CANNOT.template} {fault.reason}")
    for key, reason in new.unready.items():
        if old.unready.get(key) != reason:
            say(f"{key[0]}/{key[1]}: {CANNOT.template} {reason}")


def _shares(shares: tuple[Share, ...]) -> str:
    if len(shares) == 1:
        return f"version {shares[0].version} answers"
    return ", ".join(
        f"version {share.version} answers {share.weight:.0%}"
        + (f" as {share.role}" if share.role in ("canary", "control", "holdback") else "")
        for share in shares
    )
