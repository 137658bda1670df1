"""Closed by default: every route of every face has a line in `golden/doors.csv`, with who may take it.

A command, a method or a path without a line fails, and so does a line whose answer is another than the table
of roles gives. That each act really asks is walked in `flow/test_access.py`.
"""

from __future__ import annotations

import csv
import inspect
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from litestar.routes import HTTPRoute

import comporta
from comporta.access import ROLES, access_facts, may
from comporta.access.facts import Governance
from comporta.access.table import OF_TOKENS
from comporta.api.data import ProjectData
from comporta.api.jobs import ProjectJobs
from comporta.api.model import TrainedVersion
from comporta.api.releases import ProjectReleases
from comporta.cli.commands import COMMANDS
from comporta.control.app import control_routes
from comporta.control.guard import ACTION, ProjectActs
from comporta.opened.access_phrases import PHRASES
from comporta.project import ProjectDeclaration
from comporta.records.access import ACTIONS, ROLE_NAMES, Action, Actor, RoleGrant, Scope
from comporta.serve.paths import GRPC_METHODS, PATHS, RoutePath

FILE = Path(__file__).parents[1] / "golden" / "doors.csv"
LINES = list(csv.DictReader(FILE.read_text().splitlines()))
NOW = datetime(2026, 11, 30, tzinfo=UTC)
SERVED = ("path", "grpc", "control")
LOCAL, OPEN = "local", "open"
"""What asks nobody: what works on this machine's own files alone, and whether a server is there."""


def action_of(path: RoutePath) -> str:
    """What who asks for it does; `open`: anybody may know whether a server is there."""
    return OPEN if path.action == "open" else OF_TOKENS[path.action]


def methods_of(kind: type) -> set[str]:
    return {name for name, each in vars(kind).items() if inspect.isfunction(each) and name[0] != "_"}


def control_actions() -> set[tuple[str, str, str]]:
    """Every route that the control process has, with what it says that it asks for; `closed`: it says
    nothing."""
    app = control_routes(cast("ProjectActs", None), seen=Path("none"))
    return {
        ("control", f"{method} {route.path}", handler.opt.get(ACTION, "closed"))
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for method in handler.http_methods
        if method != "OPTIONS"
    }


def routes() -> set[tuple[str, str, str]]:
    """(face, route, action) of all that can be asked for; of commands and methods the action is not told."""
    methods = {name for name in methods_of(comporta.Project) if not hasattr(ProjectDeclaration, name)}
    methods |= {"data", *(f"data {name}" for name in methods_of(ProjectData))}
    methods |= {f"jobs {name}" for name in methods_of(ProjectJobs)}
    methods |= {f"releases {name}" for name in methods_of(ProjectReleases)}
    methods |= {f"version {name}" for name in methods_of(TrainedVersion)}
    return (
        {("command", each.name, "") for each in COMMANDS}
        | {("method", name, "") for name in methods}
        | {("path", f"{each.method} {each.path}", action_of(each)) for each in PATHS}
        | {("grpc", each.path, action_of(each)) for each in GRPC_METHODS}
        | control_actions()
    )


def test_every_route_of_every_face_has_one_line() -> None:
    told = [(line["face"], line["route"], line["action"] if line["face"] in SERVED else "") for line in LINES]
    assert set(told) == routes()
    assert len(told) == len(set(told))


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line['face']} {line['route']}")
def test_a_line_says_what_the_roles_give(line: dict[str, str]) -> None:
    action = line["action"]
    asks_nobody = action == (OPEN if line["face"] in SERVED else LOCAL)
    assert asks_nobody or action in ACTIONS
    for role in ROLE_NAMES:
        assert line[role] == ("yes" if asks_nobody or action in ROLES[role] else "no"), role
    # Who has no role, and nobody else neither: the laptop, the file that declares people, roles granted.
    for governance in ("nobody", "file", "ledger"):
        expected = "yes" if asks_nobody or allowed(governance, action) else "no"  # type: ignore[arg-type]
        assert line[f"{governance}: others"] == expected, governance


def allowed(governance: Governance, action: Action) -> bool:
    """Whether somebody without a role may."""
    grants = [RoleGrant(person="ada", role="admin")]
    facts = access_facts(
        declared=grants if governance == "file" else (),
        granted=grants if governance == "ledger" else (),
        now=NOW,
    )
    assert facts.governance == governance
    return may(Actor(id="person-0", name="bo"), action, Scope(), facts).allowed


def test_where_roles_were_granted_nobody_without_one_may_do_anything() -> None:
    assert not any(allowed("ledger", action) for action in ACTIONS)


def test_each_action_is_held_by_some_role_and_has_words() -> None:
    assert set().union(*ROLES.values()) == set(ACTIONS) == PHRASES.keys()
    assert ROLES.keys() == set(ROLE_NAMES)


def test_nobody_who_grants_roles_approves_waives_or_releases() -> None:
    for actions in ROLES.values():
        assert "role.grant" not in actions or not actions & {
            "release.approve",
            "verdict.waive",
            "release.execute",
        }
