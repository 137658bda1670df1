"""The route that tells what is known of a key: the features that a request about it is answered from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import polars as pl

from comporta.errors import BadRequest
from comporta.http.replies import JSON_ONLY, Reply, json_reply
from comporta.records import JoinedRow
from comporta.records.columns import AT
from comporta.records.features import FeatureRow
from comporta.records.record import Record
from comporta.serve.cells import parse_cells
from comporta.serve.columns import first_names, quote
from comporta.serve.live_version import LiveVersion, utc_times
from comporta.serve.long_calls import LongCalls
from comporta.serve.paths import MatchedPath
from comporta.serve.prediction_ids import Ids
from comporta.serve.request import Request
from comporta.serve.serving_state import ServedModel
from comporta.serve.version_source import FeatureView

_KEY = "key"
_PRIVATE = ((b"cache-control", b"no-store"),)
"""What is told of a key may be about a person: nothing on the way keeps it."""


class FeatureRowAnswer(Record, frozen=True, kw_only=True):
    """What is answered. at: the time of knowledge; of a key's rows only those are read that were known then.
    key: the columns of a request that were sent. The rest as in `FeatureRow`."""

    model: str
    version: int
    at: datetime
    key: Mapping[str, Any]
    features: Mapping[str, Any]
    sources: tuple[JoinedRow, ...]
    withheld: tuple[str, ...]
    needs: tuple[str, ...]


class FeatureRoute:
    """model_of: the model a path names, which raises BadRequest for none. queue: how many may wait."""

    def __init__(self, model_of: Callable[[MatchedPath], ServedModel], *, queue: int) -> None:
        self._model_of = model_of
        # A thread of its own: a project's functions may take long, and a process of another environment hang.
        self._calls = LongCalls("comporta-features", queue)

    @property
    def waiting(self) -> int:
        """How many wait or run."""
        return self._calls.waiting

    def close(self) -> None:
        """No more of them."""
        self._calls.close()

    async def answer(self, request: Request) -> Reply:
        """The features of the key that the query names. Raises BadRequest: 404 where the model joins no
        history, or history has nothing for this key."""
        served, version = self._model_of(request.path), request.path.version
        live = served.champion if version is None else served.version(version)
        view = live.loaded.view
        if view is None:
            raise BadRequest(f"{live.name} joins no history: there is no feature row of a key.", 404)
        sent = sent_columns(request.query, live, view)
        frame = live.schema.part_of_row(sent)
        at = _time_of(frame, live.loaded.time, request.at)
        row = await self._within_quota(request, lambda ids: view.read(frame, at))
        if row is None:
            raise BadRequest(
                f"{live.name}: history has nothing for this {', '.join(map(quote, view.columns))} now.", 404
            )
        told = FeatureRowAnswer(
            model=served.model,
            version=live.loaded.number,
            at=at[0],
            key=sent,
            features=row.features,
            sources=row.sources,
            withheld=row.withheld,
            needs=row.needs,
        )
        return Reply(200, json_reply(told).body, JSON_ONLY + _PRIVATE)

    async def _within_quota(
        self, request: Request, read: Callable[[Ids], FeatureRow | None]
    ) -> FeatureRow | None:
        """What is read of the key. A key that is unknown counts too: guesses are what a quota has to bound.
        What fails does not."""
        bearer = request.bearer
        taken = () if bearer is None else bearer.take(request.at, requests=1, rows=1)
        try:
            return await self._calls.run(read)
        except Exception:
            if bearer is not None:
                bearer.give_back(taken, requests=1, rows=1)
            raise


def sent_columns(query: bytes, live: LiveVersion, view: FeatureView) -> dict[str, Any]:
    """The values that a query names, by column; `key` means the key column, where there is one alone. Each is
    read as a cell of CSV. Raises BadRequest."""
    columns = {column.name: column for column in live.schema.columns}
    sent: dict[str, Any] = {}
    for name, text in _pairs(query):
        if name == _KEY and name not in columns and len(view.columns) == 1:
            name = view.columns[0]
        column = columns.get(name)
        if column is None:
            raise BadRequest(
                f"the query: found {quote(name)}, which is no column of a request to {live.name}; expected "
                f"{_query_form(view)}, and perhaps others of its columns."
            )
        if name in sent:
            raise BadRequest(f"the query: found {quote(name)} twice, expected it once.")
        (sent[name],) = parse_cells(column.kind, [text])
    missing = [name for name in view.columns if sent.get(name) is None]
    if missing:
        raise BadRequest(f"the query: found no {first_names(missing)}, expected {_query_form(view)}.")
    return sent


def _query_form(view: FeatureView) -> str:
    if len(view.columns) == 1:
        return f"?{_KEY}= or ?{view.columns[0]}="
    return "?" + "&".join(f"{name}=" for name in view.columns)


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=10_000
        )
    except ValueError:
        raise BadRequest("the query: expected ?COLUMN=value, percent-encoded UTF-8.") from None


def _time_of(frame: pl.DataFrame, named: str | None, now: int) -> pl.Series:
    """The UTC time of the row: that of its own column, if it was sent, else now."""
    moment = datetime.fromtimestamp(now / 1e9, UTC)
    if named is not None and named in frame.columns:
        return utc_times(frame[named], moment)
    return pl.Series(AT, [moment], dtype=pl.Datetime("us", "UTC"))
