"""The feed of events: server-sent, by number, so that whoever lost the connection goes on where they were."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import Parameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from comporta.acts.up.event_feed import FeedEvent, events_after
from comporta.control.guard import ACTION, ProjectActs, TooManyWait
from comporta.control.read_routes import HttpRequest, acts_of
from comporta.errors import BadRequest, Busy, ComportaError
from comporta.records.credential import mask
from comporta.records.token import Token

MOST_FEEDS = 32
"""So many feeds at once; each asks for the newest number once a second."""
LOOK_SECONDS = 1.0
QUIET_LOOKS = 15
"""Looks without news, after which a comment says that the connection lives."""


@get("/events", opt={ACTION: "audit.read"}, summary="The record of events, as it grows")
async def follow_events(
    request: HttpRequest,
    after: Annotated[int, Parameter(ge=0, le=2**53, description="The last number that is known.")] = 0,
    last_event_id: Annotated[str | None, Parameter(header="Last-Event-ID", max_length=20)] = None,
) -> ServerSentEvent:
    """`text/event-stream`: of each event its number as `id`, its kind as `event`, and `data` with seq, at,
    kind, schema and body. A browser's or a library's reconnection sends `Last-Event-ID`, which goes before
    `after`."""
    if last_event_id is not None:
        if not (last_event_id.isascii() and last_event_id.isdigit()):
            raise BadRequest("Last-Event-ID: expected the number of an event.")
        after = int(last_event_id)
    acts = acts_of(request)
    # Refused before the stream begins: with a status.
    token, header = request.state.token, request.headers.get("authorization")
    first = await asyncio.to_thread(acts.perform, token, lambda opened: events_after(opened, after))
    feeds: set[object] = request.app.state.feeds
    if len(feeds) >= MOST_FEEDS:
        raise BadRequest(f"found {len(feeds)} feeds, as many as there may be. Ask again later.", 503)
    return ServerSentEvent(_feed(acts, header, after, first, feeds))


async def _feed(
    acts: ProjectActs, header: str | None, after: int, found: tuple[FeedEvent, ...], feeds: set[object]
) -> AsyncIterator[ServerSentEventMessage]:
    me = object()
    feeds.add(me)
    try:
        async for message in _messages(acts, header, after, found):
            yield message
    finally:
        feeds.discard(me)


async def _messages(
    acts: ProjectActs, header: str | None, after: int, found: tuple[FeedEvent, ...]
) -> AsyncIterator[ServerSentEventMessage]:
    """Until the process ends, the token does, or who made it may no longer."""
    quiet = 0
    while not acts.stopping:
        for each in found:
            after = each.seq
            yield ServerSentEventMessage(
                data=msgspec.json.encode(each).decode(),
                id=after,
                event=each.kind,
            )
        quiet = 0 if found else quiet + 1
        if quiet % QUIET_LOOKS == QUIET_LOOKS - 1:
            yield ServerSentEventMessage(comment="nothing new")
        if not found:
            await asyncio.sleep(LOOK_SECONDS)
        try:
            found = await asyncio.to_thread(_next_events, acts, header, after)
        except (Busy, TooManyWait):
            found = ()  # it is asked again
        except ComportaError as error:
            yield ServerSentEventMessage(event="end", data=mask(str(error)))
            return


def _next_events(acts: ProjectActs, header: str | None, after: int) -> tuple[FeedEvent, ...]:
    token: Token = acts.require(header, None)
    if acts.head() <= after:
        return ()
    return acts.perform(token, lambda opened: events_after(opened, after))
