"""The routes that predict: rows in by either protocol, through the model that is released, and logged."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from math import inf
from typing import NamedTuple

from comporta.errors import BadRequest
from comporta.http.body import SMALL, MostValues
from comporta.http.replies import Reply
from comporta.serve import invocations
from comporta.serve.bad_row import BadRow
from comporta.serve.limits import ServeLimits
from comporta.serve.live_version import LONG, LiveVersion
from comporta.serve.log_sample import sample_place, sampled_parts
from comporta.serve.long_calls import LongCalls
from comporta.serve.parquet_body import PARQUET_TYPES, read_invocation_parquet
from comporta.serve.paths import MatchedPath
from comporta.serve.prediction_ids import Ids
from comporta.serve.recent_predictions import RecentPredictions
from comporta.serve.recorder import Recorder
from comporta.serve.release_follower import ReleaseFollower
from comporta.serve.request import Request, json_size, require_json
from comporta.serve.request_rows import RequestRows
from comporta.serve.request_watch import RequestWatch
from comporta.serve.serving_state import ServedArm, ServedModel
from comporta.serve.shadow import ShadowedRows, ShadowScorer
from comporta.serve.single_row import SingleRows
from comporta.serve.v2_request import read_v2_request, v2_rows
from comporta.serve.v2_response import write_v2_response
from comporta.serve.version_parts import VersionPart, encode_observations, rows_by_answerer, split_by_version
from comporta.serve.version_source import ObservationBlock

Write = Callable[[list[VersionPart], list[str]], Reply]
ReadRequest = tuple[ServedModel, LiveVersion | None, LiveVersion, RequestRows, Write]
"""The model asked, the version that the path names, whose columns the rows are read by, the rows, and how the
answer is written."""
Read = Callable[[Request], ReadRequest]


class LoggedRows(NamedTuple):
    """What is logged of a request. parts: with the rows that are sampled. unsampled: the others, counted by
    model and version; None: there are none. blocks: of the parts; or why they cannot be made."""

    parts: list[VersionPart]
    unsampled: Counter[tuple[str, int]] | None
    blocks: Sequence[ObservationBlock] | Exception


class PredictionRoutes:
    """Answers with what `follower` serves now. key: 32 bytes, by which units are split among versions."""

    def __init__(
        self,
        follower: ReleaseFollower,
        recorder: Recorder,
        recent: RecentPredictions,
        *,
        key: bytes,
        limits: ServeLimits,
    ) -> None:
        self.key, self.limits = key, limits
        self._follower, self._recorder, self._recent = follower, recorder, recent
        self._ids = Ids()
        self.shadow = ShadowScorer(recorder, Ids(), recorder.tally)
        self.unsampled: Counter[tuple[str, int]] = Counter()
        # Apart: to read what is large takes time that small requests to a slow model need not wait for.
        self._slow = LongCalls("comporta-slow", limits.queue)
        self._large = LongCalls("comporta-large", limits.queue)
        # Apart too: a process that hangs holds its thread until it is given up.
        self._apart = LongCalls("comporta-apart", limits.queue)

    @property
    def routes(self) -> dict[str, Callable[[Request], Reply | Awaitable[Reply]]]:
        """By the names in `serve/paths.py`: one for each protocol."""
        return {"infer": self.infer, "invoke": self.invoke, "predict": self.predict_v1}

    def single_rows(self, watch: RequestWatch) -> SingleRows:
        """The way of one row, beside these: what it answers is told of in `watch`."""
        return SingleRows(
            self._follower, self._recorder, self._recent, watch, self._ids, self.key, self.shadow
        )

    def waiting(self) -> dict[str, int]:
        """How many long calls wait or run, by their queue."""
        queues = {"slow": self._slow, "large": self._large, "apart": self._apart}
        return {name: calls.waiting for name, calls in queues.items()}

    def close(self) -> None:
        """No more long calls."""
        self._slow.close()
        self._large.close()
        self._apart.close()

    def infer(self, request: Request) -> Reply | Awaitable[Reply]:
        """An answer by the Open Inference Protocol. Raises BadRequest."""
        return self.answer(request, self._read_infer)

    def invoke(self, request: Request) -> Reply | Awaitable[Reply]:
        """An answer as MLflow's server gives it. Raises BadRequest."""
        if _content_type(request.headers)[0] in PARQUET_TYPES:
            # However small it is: few bytes can stand for as many values as a request may have.
            return self._answer_in_thread(request, self._read_invocation, self._large_calls(request))
        return self.answer(request, self._read_invocation)

    def predict_v1(self, request: Request) -> Reply | Awaitable[Reply]:
        """An answer as KServe's first protocol has it. Raises BadRequest."""
        return self.answer(request, self._read_v1)

    def most_values(self, path: MatchedPath, headers: dict[bytes, bytes]) -> MostValues:
        """What a request on this path may hold. Raises BadRequest where no such model answers."""
        served, rows = self.model_of(path), self.limits.rows
        columns = max(len(live.schema.names) for live in served.versions.values())
        # Beside the columns a row may say whom it is about; a list or an object may be made of each row, and
        # texts have commas and braces too.
        values, objects = rows * (columns + 8) + 1024, 4 * rows + columns + 1024
        text = f"{rows} rows of {columns} columns"
        if path.route.name != "infer":
            kind = _content_type(headers)[0]
            if kind in PARQUET_TYPES:  # counted by its metadata
                return MostValues(values, objects, text, until=0)
            return MostValues(values, objects, text, quoted=kind != b"text/csv")
        size = headers.get(b"inference-header-content-length", b"")
        until = int(size) if size.isdigit() and len(size) <= 12 else None
        return MostValues(values, objects, text, ((b'"shape"', columns + 64),), until)

    def _read_infer(self, request: Request) -> ReadRequest:
        size = json_size(request)
        served = self._asked_model(request)
        pinned = None if request.path.version is None else served.version(request.path.version)
        reader = pinned or served.champion
        call = read_v2_request(request.body, size)
        incoming = v2_rows(call, reader.schema, self.limits.rows)

        def write(parts: list[VersionPart], ids: list[str]) -> Reply:
            return Reply(200, *write_v2_response(call, served.model, parts, ids, request.bearer))

        return served, pinned, reader, incoming, write

    def _read_v1(self, request: Request) -> ReadRequest:
        require_json(request)
        served, rows = self.model_of(request.path), self.limits.rows
        incoming = invocations.read_invocation_json(
            request.body, served.champion.schema, rows, invocations.V1_FORMS
        )

        def write(parts: list[VersionPart], ids: list[str]) -> Reply:
            return Reply(200, invocations.write_invocation_response(parts, ids, request.bearer))

        return served, None, served.champion, incoming, write

    def _read_invocation(self, request: Request) -> ReadRequest:
        served = self._asked_model(request)
        kind, options = _content_type(request.headers)
        charset = options.removeprefix(b"charset=").strip(b'"')
        if kind not in (b"application/json", b"text/csv", *PARQUET_TYPES) or charset not in (b"", b"utf-8"):
            raise BadRequest(
                "content type: expected application/json or text/csv in UTF-8, or application/x-parquet, "
                "without other parameters.",
                415,
            )
        body, schema, limits = request.body, served.champion.schema, self.limits
        if kind in PARQUET_TYPES:
            incoming = read_invocation_parquet(body, schema, limits.rows, limits.body)
        elif kind == b"text/csv":
            incoming = invocations.read_invocation_csv(body, schema, limits.rows)
        else:
            incoming = invocations.read_invocation_json(body, schema, limits.rows)

        def write(parts: list[VersionPart], ids: list[str]) -> Reply:
            return Reply(200, invocations.write_invocation_response(parts, ids, request.bearer))

        return served, None, served.champion, incoming, write

    def model_of(self, path: MatchedPath) -> ServedModel:
        """The model a path names, or the only one. Raises BadRequest with 404 or 503."""
        serving, model = self._follower.serving, path.model
        if serving.cut_off:
            raise BadRequest(
                "nothing is answered: releases could not be read for longer than this server may go on "
                "without (--max-partition). It answers again once it reaches its ledger.",
                503,
            )
        served = serving.find(model)
        if served is not None:
            return served
        if model is None:
            if serving.models:
                raise BadRequest("found several models here; send to /models/NAME/invocations.", 404)
            raise BadRequest("no model answers yet: nothing is released, or it is being loaded.", 503)
        if model in serving.failed:
            raise BadRequest(
                f"model {model!r} is released but could not be loaded; see the server's log.", 503
            )
        if self._follower.is_loading(model):
            raise BadRequest(f"model {model[:60]!r} does not answer yet: it is being loaded.", 503)
        names = ", ".join(sorted(serving.models)) or "none yet"
        raise BadRequest(f"found no model {model[:60]!r}, expected one that is released: {names}.", 404)

    def _asked_model(self, request: Request) -> ServedModel:
        """The model of a request, which its token is for: asked before an error could tell of its columns.
        Raises BadRequest."""
        served = self.model_of(request.path)
        if request.bearer is not None:
            request.bearer.require_model(served.model)
        return served

    def answer(self, request: Request, read: Read) -> Reply | Awaitable[Reply]:
        """The answer to a request of any protocol, logged. Raises BadRequest."""
        if len(request.body) > SMALL:
            return self._answer_in_thread(request, read, self._large_calls(request))
        served, pinned, reader, incoming, write = read(request)
        at = request.at
        ids = [self._ids.new(at)] if incoming.n == 1 else self._ids.many(at, incoming.n)
        request.parts = parts = split_by_version(served, self.key, pinned, incoming, reader, ids[0])
        seconds = 0.0
        for part in parts:
            seconds += part.live.seconds(part.incoming.n)
        if seconds > LONG:
            return self._answer_in_thread(request, read, self._apart if seconds == inf else self._slow)
        took, reply = _predict(request, parts, ids, write)
        logged = self._encode(request, parts, ids, took)
        return self._record(request, served, parts, ids, took, logged, reply)

    def _large_calls(self, request: Request) -> LongCalls:
        """The thread of a large request. Raises BadRequest where its model does not answer."""
        every = self.model_of(request.path).versions.values()
        return self._apart if any(live.loaded.apart for live in every) else self._large

    async def _answer_in_thread(self, request: Request, read: Read, calls: LongCalls) -> Reply:
        """The same in a thread, so that a long call keeps nobody waiting who asks for little."""

        def work(new: Ids) -> Callable[[], Reply | Awaitable[Reply]]:
            served, pinned, reader, incoming, write = read(request)
            ids = new.many(request.at, incoming.n)
            request.parts = parts = split_by_version(served, self.key, pinned, incoming, reader, ids[0])
            took, reply = _predict(request, parts, ids, write)
            logged = self._encode(request, parts, ids, took)
            return partial(self._record, request, served, parts, ids, took, logged, reply)

        recorded = (await calls.run(work))()
        return recorded if isinstance(recorded, Reply) else await recorded

    def _encode(self, request: Request, parts: list[VersionPart], ids: list[str], took: int) -> LoggedRows:
        """What is logged of the answer."""
        unsampled = None
        if self._follower.least_sample < 1.0:
            unsampled = Counter[tuple[str, int]]()
            parts = sampled_parts(parts, ids, unsampled)
        if self._recorder.sink is None:
            return LoggedRows(parts, unsampled, ())
        try:
            blocks = encode_observations(parts, ids, request.at, took, request.bearer, request.traceparent)
        # A boundary: an answer that cannot be put into a block is given all the same.
        except Exception as fault:
            return LoggedRows(parts, unsampled, fault)
        return LoggedRows(parts, unsampled, blocks)

    def _record(
        self,
        request: Request,
        served: ServedModel,
        parts: list[VersionPart],
        ids: list[str],
        took: int,
        logged: LoggedRows,
        reply: Reply,
    ) -> Reply | Awaitable[Reply]:
        """The reply, its observations queued; in durable mode once they are written."""
        request.parts, request.ids, request.took = parts, ids, took
        follower = self._follower
        if follower.least_sample < 1.0 or follower.labels_differ or request.bearer is not None:
            self._remember(parts, ids)
        if logged.unsampled is not None:
            self.unsampled.update(logged.unsampled)
            if not logged.parts:
                return reply
        written = self._recorder.put(served.model, rows_by_answerer(logged.parts), logged.blocks)
        if served.shadow is not None:
            self._put_shadow(request, served.shadow, logged.parts, ids)
        return reply if written is None else _after(written, reply)

    def _put_shadow(self, request: Request, arm: ServedArm, parts: list[VersionPart], ids: list[str]) -> None:
        """What a release sent somewhere and is logged, its shadow is asked too."""
        for part in parts:
            if part.arm is not None:
                own = ids if part.places is None else [ids[row] for row in part.places]
                self.shadow.put(
                    ShadowedRows(
                        arm, part.live, part.incoming, own, request.at, request.bearer, request.traceparent
                    )
                )

    def _remember(self, parts: list[VersionPart], ids: list[str]) -> None:
        """Which model gave these answers, for labels that come before the log has them."""
        for part in parts:
            recent, share = part.live.recent, part.live.loaded.log_sample
            own = ids if part.places is None else [ids[row] for row in part.places]
            self._recent.put(own, recent)
            if share < 1.0:
                lost = [id for id in own if sample_place(id) >= share]
                self._recent.put(lost, recent._replace(sampled=False))


def _predict(request: Request, parts: list[VersionPart], ids: list[str], write: Write) -> tuple[int, Reply]:
    """The answer, within the quota of the request's token, and the nanoseconds that its models took. What is
    refused or fails does not count. Raises BadRequest."""
    bearer, rows = request.bearer, len(ids)
    taken = () if bearer is None else bearer.take(request.at, requests=1, rows=rows)
    try:
        began = time.perf_counter_ns()
        for part in parts:
            try:
                part.answer = part.live.answer(part.incoming, request.at)
            except BadRow as error:
                raise error.in_request(part.places) from None
            except Exception:
                request.parts = [part]
                raise
        took = time.perf_counter_ns() - began
        return took, write(parts, ids)
    except Exception:
        if bearer is not None:
            bearer.give_back(taken, requests=1, rows=rows)
        raise


def _content_type(headers: dict[bytes, bytes]) -> tuple[bytes, bytes]:
    """The type of a body and its parameters, in lower case."""
    kind, _, options = headers.get(b"content-type", b"").lower().partition(b";")
    return kind.strip(), options.strip()


async def _after(written: Awaitable[None], reply: Reply) -> Reply:
    await written
    return reply
