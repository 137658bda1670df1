"""No gate, count, route or number is got round by removing the event that says it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from msgspec.structs import replace

from comporta.acts.release.release import approve, release, rollback, version_of
from comporta.acts.upkeep.audit import verify
from comporta.acts.upkeep.removal_effect import gain
from comporta.acts.upkeep.remove_event import remove_event
from comporta.cli import main
from comporta.errors import Refused
from comporta.opened.people import forget
from comporta.opened.project import OpenProject, open_project
from comporta.records import Approval, Fact, Version, Waiver, facts
from comporta.records.facts import (
    ArtifactRemoved,
    DatasetVersioned,
    RunStarted,
    VersionApproved,
    VersionJudged,
    VersionRegistered,
    VersionReleased,
)
from comporta.registry import VERSIONS
from comporta.release import ROUTES

DIGEST = "ab" * 32


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, unpack_house: Callable[[Path], Path]) -> Path:
    """The golden house, its tables brought up to date."""
    folder = tmp_path_factory.mktemp("removed") / "shop"
    unpack_house(folder)
    open_project(folder).close()
    return folder


@pytest.fixture
def opened(house: Path, tmp_path: Path) -> Iterator[OpenProject]:
    shutil.copytree(house, tmp_path / "shop")
    with open_project(tmp_path / "shop", works=True) as opened:
        yield opened


def stored(opened: OpenProject, name: str) -> Version:
    model, _, number = name.partition("/")
    version = opened.ledger.get(VERSIONS, f"{model}/{int(number):08d}")
    assert version is not None
    return version


def append(opened: OpenProject, fact: Fact) -> int:
    """Its number."""
    opened.ledger.transact(lambda tx: tx.append(fact))
    return opened.ledger.head().seq


def judged(version: Version, outcome: str, title: str = "") -> VersionJudged:
    """All its verdicts with this outcome. title: somebody's own sentence, as an older Comporta wrote it."""
    verdicts = tuple(replace(each, outcome=outcome, title=title or each.title) for each in version.verdicts)
    return VersionJudged(
        model=version.model, number=version.number, verdicts=verdicts, policy="p", level="release"
    )


def require_stays(opened: OpenProject, seq: int, says: str) -> None:
    before = opened.ledger.head(), dict(opened.ledger.scan(VERSIONS))
    with pytest.raises(Refused, match=says):
        remove_event(opened, seq, reason="erasure", by="ana")
    assert (opened.ledger.head(), dict(opened.ledger.scan(VERSIONS))) == before
    assert verify(opened).sound


def test_what_todays_comporta_writes_holds_no_personal_value_and_stays(opened: OpenProject) -> None:
    approve(opened, "worth/1", by="ana", reason="read")
    approved = opened.ledger.head().seq
    gone = forget(opened, "ana")
    version = stored(opened, "worth/1")
    todays: tuple[Fact, ...] = (
        judged(stored(opened, "leaving/3"), "fail"),
        VersionRegistered(version=replace(version, number=2)),
        facts.TestSetEvaluated(model="worth", part="p", run="r", recipe="x", split="s", window=0),
        DatasetVersioned(
            dataset="d", version="v", number=1, entry=1, change="append", rows=1, added=1, removed=0
        ),
        ArtifactRemoved(digest=DIGEST, reason="erasure", by=gone.id),
        RunStarted(run="r", project="shop", command="run"),
    )
    forgotten = opened.ledger.head().seq
    rollback(opened, "leaving", by="rui")
    for seq in (approved, forgotten, opened.ledger.head().seq, *(append(opened, each) for each in todays)):
        require_stays(opened, seq, "body must stay")


def test_a_refused_version_does_not_pass_by_removing_what_refused_it(opened: OpenProject) -> None:
    version = stored(opened, "leaving/2")
    seq = append(opened, judged(version, "fail", "Zephyrine is told apart"))
    assert version_of(opened, "leaving/2").blocking_verdicts(opened.now())
    require_stays(opened, seq, "decides leaving/2: checks that block it would no longer")


def test_traffic_does_not_move_by_removing_a_release_that_holds_a_name(opened: OpenProject) -> None:
    release(opened, "leaving/1", by="rui")
    route = opened.ledger.get(ROUTES, "leaving")
    assert route is not None
    last = route.history[-1]
    seq = append(opened, VersionReleased(release=replace(last, number=last.number + 1, by="Zephyrine")))
    require_stays(opened, seq, "decides the route of leaving, with its history")


def test_an_old_approval_with_a_name_goes_and_counts_no_more(opened: OpenProject) -> None:
    at = opened.now()
    before = stored(opened, "worth/1")
    approval = Approval(by="Zephyrine", role="owner", reason="", at=at)
    seq = append(opened, VersionApproved(model="worth", number=1, approval=approval))
    assert "zephyrine" in {each.casefold() for each in stored(opened, "worth/1").approvers()}
    remove_event(opened, seq, reason="erasure", by="ana")
    assert stored(opened, "worth/1").approvers() == before.approvers()
    assert verify(opened).sound


def test_only_an_owner_or_a_validator_removes_an_event(
    opened: OpenProject, capsys: pytest.CaptureFixture[str]
) -> None:
    approval = Approval(by="Zephyrine", role="owner", reason="", at=opened.now())
    seq = append(opened, VersionApproved(model="worth", number=1, approval=approval))
    asked = ["audit", "remove", str(seq), "--reason", "erasure", "--project", str(opened.root)]
    assert main([*asked, "--by", "zoe"]) == 2
    assert "'zoe' may not remove the body of an event, expected one of: ana, rui" in " ".join(
        capsys.readouterr().err.split()
    )
    assert main([*asked, "--by", "rui"]) == 0
    assert f"The body of event {seq} is deleted" in capsys.readouterr().out
    assert main(["audit", "verify", "--ledger-only", "--project", str(opened.root)]) == 0
    assert f"event {seq}: its body was removed; event {seq + 1}" in capsys.readouterr().out


class Later(Fact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "alarm.raised"
    of: str


def test_an_event_of_a_kind_that_is_not_known_stays(opened: OpenProject) -> None:
    require_stays(opened, append(opened, Later(of="x")), "does not know the kind 'alarm.raised'")


def test_nothing_about_a_version_may_get_easier_and_anything_harder(opened: OpenProject) -> None:
    refused, passed = stored(opened, "leaving/3"), stored(opened, "leaving/2")
    at = opened.now()
    approval = Approval(by="x", role="owner", reason="", at=at)
    (shut,) = [each for each in refused.verdicts if not each.opens][:1]
    waiver = Waiver(
        check=shut.check, by="x", role="owner", reason="", at=at, until=at + timedelta(1), outcome="fail"
    )
    assert gain(refused, refused) is None
    assert gain(replace(refused, waivers=(waiver,), approvals=(approval,)), refused) is None
    for now in (
        None,
        replace(refused, verdicts=()),
        replace(refused, waivers=(waiver,)),
        replace(refused, approvals=(approval,)),
        replace(refused, state="passed"),
        replace(refused, required_checks=()),
        replace(refused, needed=refused.needed + 1),
        replace(refused, parts={**refused.parts, "model": passed.parts["model"]}),
        replace(refused, verdicts=tuple(replace(each, outcome="pass") for each in refused.verdicts)),
    ):
        assert gain(refused, now) is not None, now
    assert gain(replace(passed, state="approved"), replace(passed, state="passed")) is None
    assert gain(replace(passed, state="retired"), replace(passed, state="released")) is not None
    assert gain(replace(passed, verdicts=()), passed) is not None
