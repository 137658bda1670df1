"""What most requests are: one row of numbers that one version answers, from its body straight to its answer.

The usual way hands lists of rows, parts of versions and outputs from one function to the next. Of one row
they cost as much as all else that the server does. Whatever is unusual about a request is left to that way.
"""

from __future__ import annotations

import time

from comporta.http.replies import JSON
from comporta.http.token_gate import Bearer
from comporta.records.observed_rows import ObservedRows, encode_block
from comporta.records.traceparent import HEADER as TRACEPARENT
from comporta.serve.paths import MatchedPath
from comporta.serve.prediction_ids import Ids
from comporta.serve.recent_predictions import RecentPredictions
from comporta.serve.recorder import Recorder
from comporta.serve.release_follower import ReleaseFollower
from comporta.serve.request_rows import NOBODY, RequestRows, RowMetadata
from comporta.serve.request_watch import RequestWatch
from comporta.serve.serving_state import ServedArm
from comporta.serve.shadow import Shadow, ShadowedRows
from comporta.serve.v2_request import read_v2_row
from comporta.serve.v2_response import write_v2_row
from comporta.serve.version_source import ObservationBlock, RowScores


class SingleRows:
    """Answers with what `follower` serves now; counts and logs as the usual way does."""

    def __init__(
        self,
        follower: ReleaseFollower,
        recorder: Recorder,
        recent: RecentPredictions,
        watch: RequestWatch,
        ids: Ids,
        key: bytes,
        shadow: Shadow,
    ) -> None:
        self._follower, self._recorder, self._recent = follower, recorder, recent
        self._watch, self._ids, self._key, self._shadow = watch, ids, key, shadow

    def answer(
        self,
        path: MatchedPath,
        headers: dict[bytes, bytes],
        body: bytes,
        at: int,
        began: int,
        bearer: Bearer | None,
    ) -> bytes | None:
        """The body of the answer to an Open Inference request; None where the usual way must answer. at:
        nanoseconds since 1970. began: by `time.perf_counter_ns`.

        Raises what the model raises, DecodeError on a body of another form, and BadRequest where the token
        may not ask for more: the usual way meets the same. Nothing was counted then, and nothing logged.
        """
        served = self._follower.serving.find(path.model)
        if served is None or path.version is not None:
            return None
        reader = served.champion
        if not reader.answers_single_rows or not _is_plain(headers) or not _tells_all(bearer):
            return None
        if self._watch.access is not None:
            return None
        row = read_v2_row(body, reader.schema)
        if row is None:
            return None
        id = self._ids.new(at)
        arm = served.arm(self._key, row.unit, id)
        live = arm.live
        if live is not reader and not (arm.alike and live.answers_single_rows):
            return None
        if row.unit is None and live.loaded.requires:
            return None
        packed = live.schema.pack_row(row.values)
        if packed is None:
            return None
        asked = time.perf_counter_ns()
        scores = live.score_row(packed)
        took = time.perf_counter_ns() - asked
        if scores is None:
            return None
        answer = write_v2_row(row.id or id, live, scores, id)
        block = _encode_row(arm, row.unit, id, at, packed, scores, took, bearer)
        follower = self._follower
        if bearer is not None:
            bearer.take(at, requests=1, rows=1)
        if bearer is not None or follower.labels_differ or follower.least_sample < 1.0:
            self._recent.put([id], live.recent)
        self._recorder.put(served.model, arm.one, (block,))
        if served.shadow is not None:
            who = NOBODY if row.unit is None else RowMetadata(unit=row.unit)
            rows = RequestRows(1, None, None, who, row.values)
            self._shadow.put(ShadowedRows(served.shadow, reader, rows, (id,), at, bearer, None))
        since = time.perf_counter_ns() - began
        self._watch.counts.note_row(served.model, arm, row.unit is None, at, since, took)
        return answer


def _is_plain(headers: dict[bytes, bytes]) -> bool:
    """Whether a body is JSON with nothing behind it, of a request that is part of no trace."""
    return (
        headers.get(b"content-type", JSON) == JSON
        and b"inference-header-content-length" not in headers
        and TRACEPARENT not in headers
    )


def _tells_all(bearer: Bearer | None) -> bool:
    """Whether a token is told probabilities as they are."""
    return bearer is None or (bearer.token.decimals is None and not bearer.token.label_only)


def _encode_row(
    arm: ServedArm,
    unit: str | None,
    id: str,
    at: int,
    packed: bytes,
    scores: RowScores,
    took: int,
    bearer: Bearer | None,
) -> ObservationBlock:
    """What is kept of it, as `encode_observations` has it. took: nanoseconds that the model took."""
    live, (label, probability) = arm.live, scores
    output = {}
    if label is not None:
        output[live.label_name] = [label]
    if probability is not None:
        output["probability"] = [probability]
    layout, numbers = live.schema.logged_row(packed)
    loaded = live.loaded
    rows = ObservedRows(loaded.model, loaded.number, [id], at // 1000, output, layout, numbers)
    rows.release, rows.arm, rows.latency_us = arm.release, arm.role, took // 1000
    rows.unit = unit
    if bearer is not None:
        rows.token = bearer.token.name
    return encode_block(rows)
