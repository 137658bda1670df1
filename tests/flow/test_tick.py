"""`comporta tick`: one idempotent command for whoever has an orchestrator of their own."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from comporta import Project, Schedule
from comporta.acts.jobs.ask import ask, ask_for_tick
from comporta.acts.jobs.queued_acts import RunArguments
from comporta.acts.jobs.tick import TickResult, ask_due
from comporta.cli import main
from comporta.errors import BadProject, NotFound, Refused
from comporta.jobs import JOBS, AttemptEnd, ClaimRules, claim, settle
from comporta.opened.project import OpenProject, open_project
from comporta.records.job import Job, JobLimits, Tick

NIGHTLY = Schedule("nightly", "0 3 * * *", models=("leaving",))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def declare(folder: Path, schedule: str) -> None:
    with (folder / "project.py").open("a") as file:
        file.write(
            "\nfrom msgspec.structs import replace\n\nfrom comporta import Schedule\n\n"
            f"project = replace(project, schedules=({schedule},))\n"
        )


def carry_out(opened: OpenProject, outcome: str) -> Job:
    def act(tx):  # type: ignore[no-untyped-def]
        job = claim(tx, "w", ClaimRules())
        assert job is not None
        return settle(tx, job.id, job.token, AttemptEnd(outcome))  # type: ignore[arg-type]

    return opened.ledger.transact(act)  # type: ignore[no-any-return]


def test_a_tick_that_is_told_again_gives_the_earlier_job(folder: Path) -> None:
    with open_project(folder) as opened:
        (first,) = ask_due(opened, (NIGHTLY,), utc("2026-07-01T03:02"))
        assert (first.outcome, first.tick) == ("later", utc("2026-07-01T03:00"))
        (again,) = ask_due(opened, (NIGHTLY,), utc("2026-07-01T03:59"))
        assert again == first
        carry_out(opened, "done")
        (done,) = ask_due(opened, (NIGHTLY,), utc("2026-07-01T09:00"))
        assert done.job is not None
        assert first.job is not None
        assert (done.outcome, done.job.id) == ("done", first.job.id)
        (next_day,) = ask_due(opened, (NIGHTLY,), utc("2026-07-02T03:00"))
        assert next_day.job is not None
        assert next_day.job.id != first.job.id
        carry_out(opened, "failed")
        (failed,) = ask_due(opened, (NIGHTLY,), utc("2026-07-02T04:00"))
        assert failed.outcome == "refused"
        (past,) = ask_due(opened, (NIGHTLY,), utc("2026-07-01T03:30"))
        assert (past.job, past.outcome) == (done.job, "done"), "of the past, and it was asked for then"
        (older,) = ask_due(opened, (NIGHTLY,), utc("2026-06-30T12:00"))
        assert (older.job, older.outcome) == (None, "refused"), "of the past, and it was not"


def test_a_schedule_of_a_model_that_is_gone_is_told(folder: Path) -> None:
    gone = Schedule("gone", "0 3 * * *", models=("nobody",))
    with open_project(folder) as opened, pytest.raises(NotFound, match="nobody"):
        ask_due(opened, (gone,), utc("2026-07-01T03:00"))


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (JobLimits(attempts=0), "attempts: found 0"),
        (JobLimits(seconds=float("nan")), "seconds: found nan"),
        (JobLimits(backoff=-1.0), "backoff: found -1.0"),
        (JobLimits(seconds=7200.0), "more than a day has by `machine_hours`"),
    ],
)
def test_a_job_that_could_never_begin_is_refused_when_it_is_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch, limits: JobLimits, said: str
) -> None:
    monkeypatch.setenv("COMPORTA_MACHINE_HOURS", "1")
    with open_project(folder) as opened, pytest.raises(BadProject, match=said):
        ask(opened, "run", RunArguments(), limits=limits)


def test_the_command_says_done_later_or_refused_by_its_exit_code(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(folder, 'Schedule("nightly", "0 3 * * *", zone="Europe/Lisbon")')
    where = ("--project", str(folder))
    assert main(["tick", "--at", "2026-07-01T02:00Z", "--json", *where]) == 75
    told = json.loads(capsys.readouterr().out)
    (tick,) = told["ticks"]
    assert (told["outcome"], tick["schedule"], tick["job"]["state"]) == ("later", "nightly", "queued")
    assert main(["tick", "--at", "2026-07-01T02:01Z", *where]) == 75
    assert tick["job"]["id"] in capsys.readouterr().out
    with open_project(folder) as opened:
        carry_out(opened, "done")
    assert main(["tick", "nightly", "--at", "2026-07-01T02:00Z", *where]) == 0
    assert main(["tick", "--at", "2026-06-20T02:00Z", *where]) == 3
    assert "passed over" in capsys.readouterr().out
    assert main(["schedules", *where]) == 0
    assert "Europe/Lisbon" in capsys.readouterr().out
    for wrong in (
        ["tick", "--at", "soon"],
        ["tick", "--at", "2999-01-01T00:00Z"],
        ["tick", "--at", "9999-12-31T23:59-12:00"],
        ["tick", "--at", "2026-07-01T02:00"],
        ["tick", "weekly"],
    ):
        assert main([*wrong, *where]) == 2
    said = capsys.readouterr().err
    assert "expected a time" in said
    assert "a time to come" in said, "else all ticks until then would be passed over"
    assert "a time zone too" in said
    assert "found no schedule 'weekly'" in said


def test_many_who_ask_at_once_get_one_job_a_tick_and_none_that_was_overtaken(folder: Path) -> None:
    """Each has a clock of its own: half of them see the tick before, and decide before either asks."""
    early, late = utc("2026-07-01T03:00"), utc("2026-07-02T03:00")
    decided = threading.Barrier(6)

    def ask_at(at: datetime) -> TickResult:
        with open_project(folder) as opened:
            decided.wait()
            (found,) = ask_due(opened, (NIGHTLY,), at)
            return found

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(ask_at, (early, late) * 3))
    with open_project(folder) as opened:
        asked = [each.request.tick for _, each in opened.ledger.scan(JOBS) if each.request.tick is not None]
        ticks = [each.at for each in asked]
        assert ticks in ([late], [early, late]), "one job each, the older never after the newer"
        assert {each.job.id for each in results if each.job is not None and each.tick == late}
        overtaken = ask_for_tick(
            opened, "run", RunArguments(), "build", Tick(schedule="nightly", at=utc("2026-06-30T03:00"))
        )
        assert overtaken is None and len(opened.ledger.scan(JOBS)) == len(ticks)


def test_where_the_code_comes_from_a_branch_a_tick_is_of_its_commit(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(folder, 'Schedule("nightly", "0 3 * * *")')
    (folder / "comporta.toml").write_text('[code]\nfrom = "git+file:///srv/repository#main"\n')
    for command in (["tick", "nightly", "--work"], ["schedules"]):
        assert main([*command, "--project", str(folder)]) != 0
        assert "no commit of file:///srv/repository#main has loaded yet" in capsys.readouterr().err


def test_where_the_code_comes_from_a_branch_a_worker_from_python_works_with_its_commit(folder: Path) -> None:
    (folder / "comporta.toml").write_text('[code]\nfrom = "git+file:///srv/repository#main"\n')
    project = Project("shop", root=folder)
    project.jobs.run()
    with pytest.raises(Refused, match="has loaded yet"):
        project.jobs.work()


def test_a_job_is_cancelled_also_where_the_projects_file_is_broken_or_its_model_is_gone(folder: Path) -> None:
    with open_project(folder) as opened:
        first, second = (ask(opened, "run", RunArguments(models=("leaving",))) for _ in range(2))
    file = folder / "project.py"
    text = file.read_text()
    file.write_text(text.replace("models=(leaving, worth)", "models=(worth,)"))
    where = ["--project", str(folder)]
    assert main(["job", "retry", first.id, *where]) == 2, "nobody can ask for it any more"
    assert main(["job", "cancel", first.id, *where]) == 0
    file.write_text(f"raise ValueError\n{text}")
    assert main(["job", "cancel", second.id, *where]) == 0
    with open_project(folder) as opened:
        assert {job.state for _, job in opened.ledger.scan(JOBS)} == {"cancelled"}


def test_a_job_of_later_is_put_in_order_by_utc(folder: Path) -> None:
    with open_project(folder) as opened:
        lisbon = datetime.fromisoformat("2027-07-01T12:00+01:00")
        job = ask(opened, "run", RunArguments(), not_before=lisbon)
        assert job.not_before == lisbon and job.not_before.tzinfo == UTC
        for wrong in ("9999-12-31T23:59:59-23:00", "0001-01-01T00:00+12:00", "2027-01-01T00:00"):
            with pytest.raises(BadProject, match="not_before: found"):
                ask(opened, "run", RunArguments(), not_before=datetime.fromisoformat(wrong))


def test_nobody_takes_the_key_of_a_tick(folder: Path) -> None:
    with open_project(folder) as opened:
        with pytest.raises(BadProject, match="expected none that begins with tick/"):
            ask(opened, "run", RunArguments(), key="tick/nightly/2026-07-01T03:00Z")
        (asked,) = ask_due(opened, (NIGHTLY,), utc("2026-07-01T03:00"))
        assert asked.job is not None and asked.job.request.tick is not None
