"""`comporta token`: what programs show to a server to be let in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from comporta.cli import completed_values as offered
from comporta.cli import show
from comporta.cli.options import AsJson, By, Where, between, day
from comporta.cli.words import words as say
from comporta.opened.as_json import as_json
from comporta.records.duration import duration
from comporta.records.token import Quota, TokenAction

if TYPE_CHECKING:
    from comporta.acts.tokens.tokens import MadeToken

Until = Annotated[str | None, Parameter(help=say.TOKEN_UNTIL)]
TokenNamed = Annotated[str, Parameter(help=say.TOKEN_NAMED, **offered.completes(offered.tokens))]
Most = between(1)


def add(
    name: Annotated[str, Parameter(help=say.TOKEN_NAME)],
    /,
    *,
    model: Annotated[
        tuple[str, ...],
        Parameter(help=say.TOKEN_MODEL, negative=(), **offered.completes(offered.declared_models)),
    ] = (),
    action: Annotated[tuple[TokenAction, ...], Parameter(help=say.TOKEN_ACTION, negative=())] = (),
    until: Until = None,
    requests_a_minute: Annotated[
        int | None, Parameter(help=say.TOKEN_QUOTA["requests_a_minute"], validator=Most)
    ] = None,
    rows_a_minute: Annotated[
        int | None, Parameter(help=say.TOKEN_QUOTA["rows_a_minute"], validator=Most)
    ] = None,
    requests_a_day: Annotated[
        int | None, Parameter(help=say.TOKEN_QUOTA["requests_a_day"], validator=Most)
    ] = None,
    rows_a_day: Annotated[int | None, Parameter(help=say.TOKEN_QUOTA["rows_a_day"], validator=Most)] = None,
    requests_at_once: Annotated[
        int | None, Parameter(help=say.TOKEN_QUOTA["requests_at_once"], validator=Most)
    ] = None,
    label_only: Annotated[bool, Parameter(help=say.TOKEN_LABEL_ONLY)] = False,
    decimals: Annotated[int | None, Parameter(help=say.TOKEN_DECIMALS, validator=between(1, 15))] = None,
    by: By = None,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Make a token. It is printed once; the project keeps only a digest of it.

    A server that listens where others than its own machine reach it answers nobody without a token. A quota
    is counted by each server.
    """
    from comporta.acts.tokens import tokens
    from comporta.opened.project import open_project

    quota = Quota(
        requests_a_minute=requests_a_minute or 0,
        rows_a_minute=rows_a_minute or 0,
        requests_a_day=requests_a_day or 0,
        rows_a_day=rows_a_day or 0,
        requests_at_once=requests_at_once or 0,
    )
    with open_project(project) as opened:
        made = tokens.add(
            opened,
            name,
            models=model,
            **({"actions": action} if action else {}),
            ends=None if until is None else day(until),
            quota=quota,
            label_only=label_only,
            decimals=decimals,
            by=by or "",
        )
    _show_made(made, json)


def list_(
    *,
    every: Annotated[bool, Parameter(name="--all", help=say.TOKEN_ALL, negative=())] = False,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """The tokens that count, what they are for, what they may ask and when they end."""
    from comporta.acts.tokens import tokens
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        found, states = tokens.tokens(opened) if every else tokens.valid(opened), tokens.states(opened)
    if json:
        show.json([{**as_json(each, show.say), "state": states[each.id]} for each in found])
    elif not found:
        show.aside(say.NO_TOKENS)
    else:
        rows = [
            (
                each.name,
                each.id,
                ", ".join(each.models) or say.EVERY_MODEL,
                ", ".join(each.actions),
                _quota_text(each.quota),
                f"{each.ends:%Y-%m-%d %H:%M}",
                say.TOKEN_STATES[states[each.id]],
            )
            for each in found
        ]
        show.table("Tokens", ("token", "id", "models", "actions", "quota", "ends", "state"), rows)


def rotate(
    name: TokenNamed,
    /,
    *,
    overlap: Annotated[str, Parameter(help=say.TOKEN_OVERLAP)] = "",
    until: Until = None,
    by: By = None,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Make a token with the scope of the one of this name, which ends. Running servers need no restart."""
    from comporta.acts.tokens import tokens
    from comporta.opened.project import open_project

    span = duration(overlap or "0s")
    with open_project(project) as opened:
        made = tokens.rotate(
            opened, name, ends=None if until is None else day(until), overlap=span, by=by or ""
        )
    _show_made(made, json)
    if not json:
        show.aside(say.TOKEN_OLD.format(ends=made.before_ends) if span else say.TOKEN_OLD_ENDED)


def revoke(
    name: TokenNamed,
    /,
    *,
    by: By = None,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """End a token now; of several with this name, all."""
    from comporta.acts.tokens import tokens
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        ended = tokens.revoke(opened, name, by=by or "")
    if json:
        show.json(ended)
    else:
        show.line(say.TOKEN_REVOKED.format(name=ended[0].name))


def _show_made(made: MadeToken, json: bool) -> None:
    if json:
        show.json({"token": made.token, "text": made.text})
        return
    show.line(made.text)
    show.aside(say.TOKEN_SHOWN.format(name=made.token.name, ends=made.token.ends))


def _quota_text(quota: Quota) -> str:
    parts = (
        (quota.requests_a_minute, say.QUOTA_REQUESTS_A_MINUTE),
        (quota.rows_a_minute, say.QUOTA_ROWS_A_MINUTE),
        (quota.requests_a_day, say.QUOTA_REQUESTS_A_DAY),
        (quota.rows_a_day, say.QUOTA_ROWS_A_DAY),
        (quota.requests_at_once, say.QUOTA_REQUESTS_AT_ONCE),
    )
    return ", ".join(text.format(most=most) for most, text in parts if most) or say.NO_QUOTA
