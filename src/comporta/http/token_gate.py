"""Who may ask for what: the tokens of a server, looked up in microseconds and replaced while it runs."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from comporta.errors import BadRequest
from comporta.http.bearer import read_token
from comporta.http.quota_counts import AT_ONCE, ENDS, REQUESTS, ROWS, LocalQuotas, QuotaCounts
from comporta.records.token import Token, TokenAction

_SCHEME = b"bearer "
_REMEMBERED = 10_000
_LONGEST_HEADER = 256
_MINUTE, _DAY = 60, 86_400
NANOSECONDS = 1_000_000_000
_LATE = 120 * NANOSECONDS
"""How long after it arrived a request may be counted: its body came slowly, or it waited for its turn."""
_REVOKED = 0
_SOON = 1
"""Seconds until one of a token's requests on their way may be answered: nobody knows better."""


class QuotaReached(BadRequest):
    """A token asked for more than its quota. retry_after: seconds until more is allowed."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message, 429)
        self.retry_after = retry_after


class _Window(msgspec.Struct, gc=False):
    """A quota of one token in one span of time. name, seconds: of the span. cells, others: what was asked for
    in it, here and of others, as in `QuotaCounts`. most: 0 for as many as it likes. reach: nanoseconds from
    the first arrival that counts to the end."""

    name: str
    seconds: int
    most_requests: int
    most_rows: int
    cells: memoryview
    others: tuple[memoryview, ...]
    reach: int

    def admits(self, at: int, requests: int, rows: int) -> bool:
        """Whether so many more are not too many in the span in which `at` lies; a new one begins with nothing
        asked for. What arrived in the span before and is late counts in the one that is counted, and does not
        begin that one anew; where the clock was set back, it does."""
        cells = self.cells
        ends = cells[ENDS]
        if not ends - self.reach <= at < ends:
            span = self.seconds * NANOSECONDS
            cells[ENDS], cells[REQUESTS], cells[ROWS] = at - at % span + span, 0, 0
        if self.others:
            requests += self.sum_of(REQUESTS)
            rows += self.sum_of(ROWS)
        else:
            requests += cells[REQUESTS]
            rows += cells[ROWS]
        return (not self.most_requests or requests <= self.most_requests) and (
            not self.most_rows or rows <= self.most_rows
        )

    def sum_of(self, which: int) -> int:
        """How many of these were asked for: of `REQUESTS` or `ROWS`."""
        cells = self.cells
        found = int(cells[which])
        for other in self.others:
            if other[ENDS] == cells[ENDS]:
                found += other[which]
        return found

    def count(self, requests: int, rows: int) -> int:
        """So many more were asked for; the end of the span in which they count."""
        cells = self.cells
        cells[REQUESTS] += requests
        cells[ROWS] += rows
        return cells[ENDS]

    def require(self, token: str, at: int, requests: int, rows: int) -> None:
        """Raises QuotaReached where so many more are too many."""
        for what, used, more, most in (
            ("requests", self.sum_of(REQUESTS), requests, self.most_requests),
            ("rows", self.sum_of(ROWS), rows, self.most_rows),
        ):
            if most and more and used + more > most:
                raise QuotaReached(
                    f"the token {token!r} has a quota of {most} {what} a {self.name}: found {used} used and "
                    f"{more} more. Wait, or ask for a larger quota.",
                    -((at - self.cells[ENDS]) // NANOSECONDS),
                )


class RequestsAtOnce(msgspec.Struct, gc=False):
    """The requests of one token that are not answered yet. cells, others: how many, here and of others, as in
    `QuotaCounts`. Used by the thread of the event loop alone."""

    most: int
    cells: memoryview
    others: tuple[memoryview, ...]

    def begin(self, token: str) -> None:
        """One more. Raises QuotaReached where that is too many."""
        now = int(self.cells[REQUESTS])
        for other in self.others:
            now += other[REQUESTS]
        if now >= self.most:
            raise QuotaReached(
                f"the token {token!r} may have {self.most} requests at once: found {now} not answered yet. "
                "Wait for one, or ask for a larger quota.", _SOON,
            )  # fmt: skip
        self.cells[REQUESTS] += 1

    def end(self) -> None:
        """One is answered."""
        self.cells[REQUESTS] = max(0, self.cells[REQUESTS] - 1)


class Bearer(msgspec.Struct, gc=False):
    """A token in use. ends: nanoseconds since 1970, or 0 once it was revoked: requests that showed it before
    may still be read. windows: of its quotas, as far as it has some. counts: where they are counted. at_once:
    its requests on their way, where they are bounded."""

    token: Token
    ends: int
    windows: tuple[_Window, ...]
    counts: QuotaCounts
    at_once: RequestsAtOnce | None = None

    def require_model(self, model: str) -> None:
        """Raises BadRequest, 403, where the token is for other models."""
        models = self.token.models
        if models and model not in models:
            raise BadRequest(
                f"the token {self.token.name!r} is for {', '.join(models)}, and this is another model.", 403
            )

    def require_valid(self, at: int) -> None:
        """Raises BadRequest, 401, where it has ended. at: nanoseconds since 1970."""
        if self.ends <= at:
            raise BadRequest(f"the token {self.token.name!r} has ended. Ask for a new one.", 401)

    def take(self, at: int, *, requests: int = 0, rows: int = 0) -> tuple[int, ...]:
        """Counts requests and rows; the ends of the spans in which they count. at: nanoseconds since 1970.
        Raises QuotaReached, and counts nothing; BadRequest, 401, where it was revoked since."""
        self.require_valid(at)
        if not self.windows:
            return ()
        with self.counts.lock:  # rows are counted where they are read: in a thread, where they are many
            for window in self.windows:
                if not window.admits(at, requests, rows):
                    window.require(self.token.name, at, requests, rows)
            return tuple([window.count(requests, rows) for window in self.windows])

    def give_back(self, taken: tuple[int, ...], *, requests: int = 0, rows: int = 0) -> None:
        """What was taken and not used counts no longer, in those of its spans that are still the same."""
        if not taken:
            return
        with self.counts.lock:
            for window, ends in zip(self.windows, taken, strict=True):
                cells = window.cells
                if cells[ENDS] == ends:
                    cells[REQUESTS] = max(0, cells[REQUESTS] - requests)
                    cells[ROWS] = max(0, cells[ROWS] - rows)


def begin_request(bearer: Bearer | None) -> RequestsAtOnce | None:
    """Where a request of this token counts until it is answered: there it must `end`. Raises QuotaReached."""
    if bearer is None or bearer.at_once is None:
        return None
    bearer.at_once.begin(bearer.token.name)
    return bearer.at_once


class _Tables(NamedTuple):
    by_id: dict[str, Bearer]
    by_header: dict[bytes, Bearer]


class TokenGate:
    """The tokens of one server. Used by one thread; `replace` may be called by another.

    Until the tokens were read once, nobody is let in. counts: where quotas are counted; None: here.
    """

    def __init__(self, counts: QuotaCounts | None = None) -> None:
        self._counts: QuotaCounts = counts or LocalQuotas()
        # By id; and by the header's bytes, since a client sends the same ones with each request. Replaced
        # together: else a revoked token could be remembered beside the new ones.
        self._tables: _Tables | None = None
        self._windows: dict[str, tuple[_Window, ...]] = {}
        self._at_once: dict[str, RequestsAtOnce | None] = {}

    def replace(self, tokens: Iterable[Token]) -> None:
        """These are the tokens from now on. What was asked for today still counts."""
        before = {} if self._tables is None else self._tables.by_id
        now = {each.id: self._bearer(each, before.get(each.id)) for each in tokens}
        if self._tables is None or now.keys() != before.keys():
            self._tables = _Tables(now, {})
            for id in before.keys() - now.keys():
                before[id].ends = _REVOKED

    def _bearer(self, token: Token, known: Bearer | None) -> Bearer:
        """What is known of the token, as requests on their way hold it too; its windows go on to
        count as long as this server runs."""
        ends = round(token.ends.timestamp() * NANOSECONDS)
        if known is not None:
            known.token, known.ends = token, ends
            return known
        windows = self._windows.get(token.id)
        if windows is None:
            windows = self._windows[token.id] = _windows(token, self._counts)
            self._at_once[token.id] = _requests_at_once(token, self._counts)
        return Bearer(token, ends, windows, self._counts, self._at_once[token.id])

    def require(self, header: bytes | None, action: TokenAction, model: str | None, at: int) -> Bearer:
        """The token in an `Authorization` header, that it is for this. at: nanoseconds since 1970.

        Raises BadRequest: 401 for none, a false or an ended one, 403 for one that is for other things, 503
        while tokens were not read yet.
        """
        tables = self._tables
        if tables is None:
            raise BadRequest("tokens are not read yet; ask again.", 503)
        bearer = tables.by_header.get(header or b"") or _look_up(tables, header)
        bearer.require_valid(at)
        token = bearer.token
        if action == "metrics" and token.models:
            raise BadRequest(
                f"the token {token.name!r} is for {', '.join(token.models)}; metrics tell of every model.",
                403,
            )
        if action not in token.actions:
            raise BadRequest(
                f"the token {token.name!r} is for {', '.join(token.actions)}, and this takes {action!r}.", 403
            )
        if model is not None:
            bearer.require_model(model)
        return bearer


def _look_up(tables: _Tables, header: bytes | None) -> Bearer:
    if not header:
        raise BadRequest("found no token, expected the header `Authorization: Bearer cmp_…`.", 401)
    if header[: len(_SCHEME)].lower() != _SCHEME:
        raise BadRequest("the header Authorization: expected `Bearer` and a token.", 401)
    shown = read_token(header[len(_SCHEME) :].strip().decode("latin-1"))
    if shown is None:
        raise BadRequest(
            "found no token of this form, expected the whole `cmp_…` as it was shown. Copy it again.", 401
        )
    bearer = tables.by_id.get(shown.id)
    if bearer is None or not hmac.compare_digest(bearer.token.digest, shown.digest):
        raise BadRequest("the token is not one of this server, or it was revoked.", 401)
    # Blanks before the token make as many headers of it as there is memory for.
    if len(header) <= _LONGEST_HEADER and len(tables.by_header) < _REMEMBERED:
        tables.by_header[header] = bearer
    return bearer


def _requests_at_once(token: Token, counts: QuotaCounts) -> RequestsAtOnce | None:
    most = token.quota.requests_at_once
    if not most:
        return None
    cells = counts.own_cells(token.id, AT_ONCE)
    cells[REQUESTS] = 0  # those of a worker that was killed, whose place this one took, are nobody's
    return RequestsAtOnce(most, cells, counts.other_cells(token.id, AT_ONCE))


def _windows(token: Token, counts: QuotaCounts) -> tuple[_Window, ...]:
    quota = token.quota
    spans = (
        ("minute", _MINUTE, quota.requests_a_minute, quota.rows_a_minute),
        ("day", _DAY, quota.requests_a_day, quota.rows_a_day),
    )
    return tuple(
        _Window(
            name,
            seconds,
            requests,
            rows,
            counts.own_cells(token.id, name),
            counts.other_cells(token.id, name),
            seconds * NANOSECONDS + _LATE,
        )
        for name, seconds, requests, rows in spans
        if requests or rows
    )
