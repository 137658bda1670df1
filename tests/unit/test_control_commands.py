"""Every command has a route of the control process, or stands on its page with the reason why it has none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

from litestar.routes import HTTPRoute

from comporta.acts.jobs.queued_acts import QUEUED_ACTS
from comporta.cli.commands import COMMANDS
from comporta.control.app import control_routes
from comporta.control.guard import ProjectActs

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "control.md").read_text()
ROUTES = PAGE.partition("| route |")[2].partition("\n\n")[0]
WITHOUT = "\n".join(
    row.split(" | ")[0]
    for row in PAGE.partition("| command | because |")[2].partition("\n\n")[0].splitlines()
)
DESCRIBES = {"GET /openapi", "GET /openapi/{path}"}
"""Litestar's own, beside the one that has the description."""


def commands_in(table: str) -> list[str]:
    names = {each.name for each in COMMANDS}
    found = re.findall(r"`comporta ([^`]+)`", table)
    assert set(found) <= names, set(found) - names
    return found


def test_every_command_has_a_route_or_a_reason_why_not() -> None:
    routed, reasoned = commands_in(ROUTES), commands_in(WITHOUT)
    missing = {each.name for each in COMMANDS} - set(routed) - set(reasoned)
    assert not missing, (
        f"{sorted(missing)}: give each a route, or a line of docs/reference/control.md with the reason"
    )
    assert not set(routed) & set(reasoned) and len(reasoned) == len(set(reasoned))


def test_the_page_has_every_route_and_no_other() -> None:
    app = control_routes(cast("ProjectActs", None), seen=Path("none"))
    there = {
        f"{method} {re.sub(':[a-z]+', '', route.path)}"
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods
        if method != "OPTIONS"
    }
    assert set(re.findall(r"^\| `((?:GET|POST) [^`]+)`", ROUTES, re.MULTILINE)) == there - DESCRIBES


def test_the_page_has_every_act_that_a_job_carries_out() -> None:
    table = PAGE.partition("| `act` |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == sorted(QUEUED_ACTS)
