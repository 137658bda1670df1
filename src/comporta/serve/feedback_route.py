"""The route that takes what came true: a label is read as the version that gave the answer reads it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from comporta.errors import BadRequest, ComportaError
from comporta.http.body import SMALL
from comporta.http.replies import Reply, json_reply
from comporta.records import Feedback, Signature
from comporta.serve.feedback_body import (
    MergedLabels,
    merge_labels,
    read_feedback_body,
    require_labels,
    unsure_labels,
)
from comporta.serve.limits import ServeLimits
from comporta.serve.log_sample import sample_place
from comporta.serve.long_calls import LongCalls
from comporta.serve.prediction_ids import made_at
from comporta.serve.recent_predictions import RecentPredictions
from comporta.serve.recorder import NotRecorded, Recorder
from comporta.serve.release_follower import ReleaseFollower
from comporta.serve.request import Request

T = TypeVar("T")


class FeedbackRoute:
    """recent: the models of answers that the log may not have yet. settle: seconds after which it has those
    of other workers and servers."""

    def __init__(
        self,
        follower: ReleaseFollower,
        recorder: Recorder,
        recent: RecentPredictions,
        *,
        limits: ServeLimits,
        settle: float = 1.0,
    ) -> None:
        self._follower, self._recorder, self._recent, self._limits = follower, recorder, recent, limits
        self._settle = settle
        # What is large or must be looked for in the log, off the event loop.
        self._long = LongCalls("comporta-labels", limits.queue)

    @property
    def waiting(self) -> int:
        """How many long calls wait or run."""
        return self._long.waiting

    def close(self) -> None:
        """No more long calls."""
        self._long.close()

    async def take(self, request: Request) -> Reply:
        """How many labels are on disk now. Raises BadRequest, NotRecorded."""
        body, takes, least = request.body, self._follower.signatures(), self._follower.least_sample
        models = () if request.bearer is None else request.bearer.token.models
        if models and takes is not None:
            takes = {model: signatures for model, signatures in takes.items() if model in models}
        arrived = datetime.fromtimestamp(request.at / 1e9, UTC)

        def read() -> tuple[list[Feedback], list[str], list[str]]:
            labels = read_feedback_body(body, arrived, self._limits.rows, takes)
            # A token for some models: which one each label is of must be known.
            unsure = [each.id for each in labels] if models else unsure_labels(labels, takes)
            beyond = [each.id for each in labels if sample_place(each.id) >= least] if least < 1.0 else []
            return labels, unsure, list(dict.fromkeys(beyond))

        def merge() -> MergedLabels:
            if models:
                _require_models([id for id in unsure if id in known or id not in unsampled], known, models)
            if unsure:
                require_labels(labels, takes, known)
            return merge_labels(labels)

        labels, unsure, beyond = await self._call(read, len(body))
        asked = dict.fromkeys([*unsure, *beyond])
        recent = {id: of for id in asked if (of := self._recent.get(id)) is not None}
        known = {id: (of.model, of.signature) for id, of in recent.items()}
        if others := [id for id in asked if id not in known]:
            known |= await self._find_in_log(others, request.at)
        unsampled = {id for id in beyond if id not in known or (id in recent and not recent[id].sampled)}
        merged = await self._call(merge, len(body))
        if request.bearer is not None:
            request.bearer.require_valid(request.at)  # it may have been revoked since
        await self._recorder.put_feedback(merged.labels, len(body) + 200 * len(merged.labels))
        self._recorder.counts.corrections += merged.corrections
        said = {"corrections": merged.corrections, "unsampled": len(unsampled)}
        return json_reply({"accepted": len(labels), **{name: each for name, each in said.items() if each}})

    async def _find_in_log(self, ids: Sequence[str], now: int) -> Mapping[str, tuple[str, Signature]]:
        """Of those predictions that the log has, or has soon: another worker may just have answered."""
        found = dict(await self._long.run(lambda _: self._signatures_in_log(ids)))
        ages = {id: now / 1e9 - (made_at(id) or 0.0) for id in ids if id not in found}
        young = [id for id, seconds in ages.items() if 0 <= seconds < self._settle]
        if young:
            await asyncio.sleep(self._settle - min(ages[id] for id in young))
            found |= await self._long.run(lambda _: self._signatures_in_log(young))
        return found

    async def _call(self, work: Callable[[], T], size: int) -> T:
        """What the work on a body of this size gives: of a large one off the event loop."""
        return await self._long.run(lambda _: work()) if size > SMALL else work()

    def _signatures_in_log(self, ids: Sequence[str]) -> Mapping[str, tuple[str, Signature]]:
        """Of those predictions that the log has; raises NotRecorded where it cannot be read."""
        if self._recorder.sink is None:
            return {}
        try:
            return self._recorder.sink.signatures(ids)
        except (ComportaError, OSError) as error:
            raise NotRecorded from error


def _require_models(
    ids: Sequence[str], known: Mapping[str, tuple[str, Signature]], models: Sequence[str]
) -> None:
    """Raises BadRequest, 403, unless each of these predictions is known to be of one of the models."""
    others = [at for at, id in enumerate(ids) if id not in known or known[id][0] not in models]
    if others:
        raise BadRequest(
            f"feedback {others[0]}: found no prediction of {', '.join(models)} with this id, and the token "
            "is for no other model. Nothing was recorded.",
            403,
        )
