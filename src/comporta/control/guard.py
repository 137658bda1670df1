"""Who is let in, and as whom they act: every route is closed but for those that say they are open."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, TypeVar

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, Receive, Send
from litestar.types import Scope as AnyScope

from comporta.acts.up.control_access import ControlTokens, person_of
from comporta.errors import BadRequest, Refused
from comporta.http.token_gate import Bearer, RequestsAtOnce, TokenGate, begin_request
from comporta.opened.actor import acting_as
from comporta.opened.deployed import open_deployed, open_to_serve, open_without_code
from comporta.opened.project import OpenProject
from comporta.records.access import Action
from comporta.records.token import Token

T = TypeVar("T")
RouteAction = Action | Literal["open"]
ACTION = "action"
"""What a route says it asks for, in its `opt`; `open`: nobody is asked for a token."""
_FRESH_SECONDS = 1.0
MOST_WAITING = 24
"""Acts that are under way or wait for their turn: fewer than there are threads for them."""


class TooManyWait(BadRequest):
    """As many acts wait for their turn as may."""


class ProjectActs:
    """The tokens of a project and its acts, each on the project as it is declared at that moment. file: of
    the project. One act at a time: the project's own file is imported by it. seconds: monotonic; nanoseconds:
    since 1970."""

    def __init__(
        self,
        file: Path,
        *,
        seconds: Callable[[], float] = time.monotonic,
        nanoseconds: Callable[[], int] = time.time_ns,
    ) -> None:
        self.file = file
        self.opened = open_to_serve(file, works=False)
        self.stopping = False
        self._tokens = ControlTokens(self.opened)
        self._gate = TokenGate()
        self._seconds, self._nanoseconds = seconds, nanoseconds
        self._read_at: float | None = None
        self._reading, self._acting = threading.Lock(), threading.Lock()
        self._waiting = threading.Semaphore(MOST_WAITING)
        self.admitting = ThreadPoolExecutor(2, thread_name_prefix="comporta-admit")
        """Of its own: whoever waits for a long act keeps nobody from being refused, nor from being told that
        it lives."""

    def require(self, header: str | None, model: str | None) -> Token:
        """The token in an `Authorization` header. model: that the route is about, or None where it is about
        all. Raises BadRequest: 401 for none, 403 for one that is for other things."""
        with self._reading:
            return self._bearer(header, model).token

    def admit(self, header: str | None, model: str | None) -> Bearer:
        """The same for a request that begins, which counts in the token's quota. Raises QuotaReached, 429."""
        with self._reading:
            bearer = self._bearer(header, model)
            bearer.take(self._nanoseconds(), requests=1)
        return bearer

    def _bearer(self, header: str | None, model: str | None) -> Bearer:
        now = self._seconds()
        if self._read_at is None or now - self._read_at >= _FRESH_SECONDS:
            self._gate.replace(self._tokens.read())
            self._read_at = now
        shown = None if header is None else header.encode("latin-1", "replace")
        bearer = self._gate.require(shown, "act", model, self._nanoseconds())
        token = bearer.token
        if model is None and token.models:
            raise BadRequest(
                f"the token {token.name!r} is for {', '.join(token.models)}, and this is about every model.",
                403,
            )
        return bearer

    def perform(self, token: Token, work: Callable[[OpenProject], T]) -> T:
        """What comes of an act, done by the person who made the token. Raises what the act does; TooManyWait,
        503."""
        if not self._waiting.acquire(blocking=False):
            raise TooManyWait(
                f"found {MOST_WAITING} acts that wait for their turn, as many as may. Ask again later.",
                503,
            )  # fmt: skip
        try:
            with self._acting, self._open_deployed() as opened, acting_as(person_of(opened, token)):
                return work(opened)
        finally:
            self._waiting.release()

    def _open_deployed(self) -> OpenProject:
        """With the code that is deployed; as long as no commit of its branch has loaded, with none."""
        try:
            return open_deployed(self.file, works=False)
        except Refused as refusal:
            return open_without_code(self.file, refusal)

    def head(self) -> int:
        """The number of the last event."""
        return self.opened.ledger.head().seq

    def close(self) -> None:
        """No act is asked for any more."""
        self.admitting.shutdown(wait=False, cancel_futures=True)
        self.opened.close()


def model_of(path: dict[str, Any]) -> str | None:
    """The model that a route's path is about, or None."""
    return path.get("model")


async def require_token(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Guards every route. One that does not say what it asks for lets nobody in."""
    action: RouteAction | None = handler.opt.get(ACTION)
    if action is None:
        raise BadRequest("this route is closed.", 403)
    if action != "open":
        acts: ProjectActs = connection.app.state.acts
        model = model_of(dict(connection.path_params))
        # In a thread: a ledger that does not answer must not keep others from being answered.
        shown = connection.headers.get("authorization")
        loop = asyncio.get_running_loop()
        bearer = await loop.run_in_executor(acts.admitting, acts.admit, shown, model)
        connection.state.token = bearer.token
        connection.state.at_once = begin_request(bearer)


def ending_request(app: ASGIApp) -> ASGIApp:
    """A middleware: once a request is answered, a stream to its end, it counts no more among those that its
    token has at once."""

    async def until_answered(scope: AnyScope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        finally:
            at_once: RequestsAtOnce | None = scope["state"].pop("at_once", None)
            if at_once is not None:
                at_once.end()

    return until_answered
