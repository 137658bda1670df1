"""The route that takes what came true: a label is read as the version that gave the answer reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from comporta.errors import ComportaError
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
from comporta.serve.long_calls import LongCalls
from comporta.serve.recent_predictions import RecentPredictions
from comporta.serve.recorder import NotRecorded, Recorder
from comporta.serve.release_follower import ReleaseFollower
from comporta.serve.request import Request, ServeLimits

T = TypeVar("T")


class FeedbackRoute:
    """recent: the models of answers that the log may not have yet."""

    def __init__(
        self,
        follower: ReleaseFollower,
        recorder: Recorder,
        recent: RecentPredictions,
        *,
        limits: ServeLimits,
    ) -> None:
        self._follower, self._recorder, self._recent, self._limits = follower, recorder, recent, limits
        # What is large or must be looked for in the log, off the event loop.
        self._long = LongCalls("comporta-labels", limits.queue)

    def close(self) -> None:
        """No more long calls."""
        self._long.close()

    async def take(self, request: Request) -> Reply:
        """How many labels are on disk now. Raises BadRequest, NotRecorded."""
        body, takes = request.body, self._follower.signatures()
        arrived = datetime.fromtimestamp(request.at / 1e9, UTC)

        def read() -> tuple[list[Feedback], list[str]]:
            labels = read_feedback_body(body, arrived, self._limits.rows, takes)
            return labels, unsure_labels(labels, takes)

        def merge() -> MergedLabels:
            if unsure:
                require_labels(labels, takes, known)
            return merge_labels(labels)

        labels, unsure = await self._call(read, len(body))
        known = {id: of for id in unsure if (of := self._recent.get(id)) is not None}
        if others := [id for id in unsure if id not in known]:
            known |= await self._long.run(lambda _: self._signatures_in_log(others))
        merged = await self._call(merge, len(body))
        await self._recorder.put_feedback(merged.labels, len(body) + 200 * len(merged.labels))
        self._recorder.counts.corrections += merged.corrections
        corrections = {"corrections": merged.corrections} if merged.corrections else {}
        return json_reply({"accepted": len(labels), **corrections})

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
