"""The tokens of programs: listed, made, replaced and ended. None that acts is made here: see
`comporta.opened.actor.require_in_person`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.params import Parameter

from comporta.control.bodies import Name, RequestBody, end_of
from comporta.control.guard import ACTION
from comporta.control.read_routes import HttpRequest, perform, perform_in_thread
from comporta.opened.as_json import as_json
from comporta.opened.project import OpenProject
from comporta.records.duration import duration
from comporta.records.token import USUAL_ACTIONS, Quota, TokenAction

_ISSUES = {ACTION: "token.issue"}
Most = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
TokenNamed = Annotated[str, Parameter(max_length=100, description="A token's name, or its id.")]


class QuotaBody(RequestBody, frozen=True, kw_only=True):
    """How much it may ask of one server; 0: as much as it likes."""

    requests_a_minute: Most = 0
    rows_a_minute: Most = 0
    requests_a_day: Most = 0
    rows_a_day: Most = 0
    requests_at_once: Most = 0


class TokenBody(RequestBody, frozen=True, kw_only=True):
    """name: of the program that shows it. models: that it is for; empty: every one. until: its last day;
    null: in 90 days. label_only, decimals: what answers to it tell less."""

    name: Name
    models: tuple[Name, ...] = ()
    actions: tuple[TokenAction, ...] = USUAL_ACTIONS
    until: date | None = None
    quota: QuotaBody = QuotaBody()
    label_only: bool = False
    decimals: Annotated[int, msgspec.Meta(ge=1, le=15)] | None = None


class RotationBody(RequestBody, frozen=True, kw_only=True):
    """overlap: how long the old one counts on, such as `1h`. until: the last day of the new one; null: as
    long from now as the old one was for."""

    overlap: Name = ""
    until: date | None = None


# Two that share a path are coroutines: see `job_routes`.
@get("/tokens", opt={ACTION: "audit.read"}, summary="The tokens, what they are for and when they end")
async def list_tokens(
    request: HttpRequest,
    all: Annotated[bool, Parameter(description="Those that ended too.")] = False,
) -> Response[bytes]:
    """As `comporta token list --json`."""
    from comporta.acts.tokens import tokens

    def work(opened: OpenProject) -> Any:
        found, states = tokens.tokens(opened) if all else tokens.valid(opened), tokens.states(opened)
        return [{**as_json(each), "state": states[each.id]} for each in found]

    return await perform_in_thread(request, work)


@post("/tokens", opt=_ISSUES, status_code=200, summary="Make a token for a program")
async def make_token(request: HttpRequest, data: TokenBody) -> Response[bytes]:
    """As `comporta token add NAME --json`: its text is told once."""
    from comporta.acts.tokens import tokens

    def work(opened: OpenProject) -> Any:
        made = tokens.add(
            opened,
            data.name,
            models=data.models,
            actions=data.actions,
            ends=end_of(data.until),
            quota=msgspec.convert(msgspec.to_builtins(data.quota), Quota),
            label_only=data.label_only,
            decimals=data.decimals,
        )
        return {"token": made.token, "text": made.text}

    return await perform_in_thread(request, work)


@post(
    "/tokens/{name:str}/rotate",
    opt=_ISSUES,
    sync_to_thread=True,
    status_code=200,
    summary="A new token in place of the one of this name",
)
def rotate_token(request: HttpRequest, name: TokenNamed, data: RotationBody | None = None) -> Response[bytes]:
    """As `comporta token rotate NAME --json`: its text is told once."""
    from comporta.acts.tokens import tokens

    body = data or RotationBody()
    overlap = duration(body.overlap or "0s")

    def work(opened: OpenProject) -> Any:
        made = tokens.rotate(opened, name, ends=end_of(body.until), overlap=overlap)
        return {"token": made.token, "text": made.text}

    return perform(request, work)


@post(
    "/tokens/{name:str}/revoke", opt=_ISSUES, sync_to_thread=True, status_code=200, summary="End a token now"
)
def revoke_token(request: HttpRequest, name: TokenNamed) -> Response[bytes]:
    """As `comporta token revoke NAME --json`."""
    from comporta.acts.tokens import tokens

    return perform(request, lambda opened: tokens.revoke(opened, name))


TOKEN_ROUTES = (list_tokens, make_token, rotate_token, revoke_token)
