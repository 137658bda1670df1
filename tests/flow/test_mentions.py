"""Forgetting a person in a project whose old events hold the name: how many do, and what can be done."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from comporta.cli import main
from comporta.errors import NotFound, Refused
from comporta.opened.mentions import Mentions, mentions
from comporta.opened.people import forget, identify
from comporta.opened.project import open_project
from comporta.records import Approval
from comporta.records.facts import VersionApproved

ANA, RUI = (67, 108, 153), (68, 69, 109, 110, 154)
"""Events in which they acted, as that Comporta wrote them: names and reasons in clear, in the keyed chain."""


DECLARED = 'people=(Person("ana", "validator"), Person("rui", "owner")),'
"""Where nobody is declared, everybody deletes."""


@pytest.fixture
def folder(tmp_path: Path, unpack_house: Callable[[Path], Path]) -> Path:
    folder = tmp_path / "shop"
    unpack_house(folder)
    file = folder / "project.py"
    assert DECLARED in file.read_text()
    file.write_text(file.read_text().replace(DECLARED, ""))
    return folder


def by_name(folder: Path, name: str, reason: str = "") -> int:
    """An approval of before ids, in the signed chain: its number."""
    at = datetime(2026, 11, 30, tzinfo=UTC)
    with open_project(folder) as opened:
        fact = VersionApproved(
            model="worth", number=1, approval=Approval(by=name, role="owner", reason=reason, at=at)
        )
        opened.ledger.transact(lambda tx: tx.append(fact))
        return opened.ledger.head().seq


def test_events_that_hold_the_name_are_counted_by_what_can_be_done_with_them(folder: Path) -> None:
    with open_project(folder) as opened:
        assert mentions(opened, " RUI ") == Mentions(fixed=RUI)
        assert mentions(opened, "ru") == Mentions()
        assert mentions(opened, "ana") == Mentions(fixed=ANA)
    acted, named = by_name(folder, "Rui"), by_name(folder, "Eva", "As rui asked.")
    by_name(folder, "Ruiz")
    with open_project(folder) as opened:
        identify(opened, "rui")
        assert mentions(opened, "rui") == Mentions(removable=(acted, named), fixed=RUI)


def test_once_their_bodies_are_removed_they_hold_it_no_more(folder: Path) -> None:
    acted = by_name(folder, "Rui")
    with open_project(folder, works=True) as opened:
        opened.ledger.remove_body(acted, reason="erasure", by="person-0000000000000000")
        assert mentions(opened, "rui") == Mentions(fixed=RUI)
        with pytest.raises(Refused, match="keyed chain"):
            opened.ledger.remove_body(RUI[0], reason="erasure", by="person-0000000000000000")


def test_the_command_says_how_many_and_what_can_be_done(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    acted = by_name(folder, "Rui")
    with open_project(folder) as opened:
        identify(opened, "rui")
    assert main(["people", "forget", "rui", "--project", str(folder)]) == 0
    (line,) = [each for each in capsys.readouterr().out.splitlines() if "Events" in each]
    assert line == (
        "Events from before people had ids that still hold the name: 6. `comporta audit remove SEQ "
        f"--reason erasure` deletes the body of 1 ({acted}); 5 cannot be changed (68, 69, 109, 110, 154), "
        "since the links of the older, keyed chain cover their bodies, but no `comporta audit export` holds "
        "them."
    )


def test_the_command_lists_them_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    acted = by_name(folder, "Rui")
    with open_project(folder) as opened:
        identify(opened, "rui")
    assert main(["people", "forget", "rui", "--json", "--project", str(folder)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["events"] == {"removable": [acted], "fixed": list(RUI)}


def test_whom_only_old_events_name_is_told_so(folder: Path) -> None:
    acted = by_name(folder, "Rui")
    with open_project(folder) as opened, pytest.raises(NotFound) as found:
        forget(opened, "rui")
    assert "hold the name: 6" in str(found.value)
    assert f"can delete the bodies of {acted}" in str(found.value)


def test_nothing_is_said_where_no_event_holds_the_name(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_project(folder) as opened:
        identify(opened, "Eva")
    assert main(["people", "forget", "Eva", "--project", str(folder)]) == 0
    assert "Events" not in capsys.readouterr().out
