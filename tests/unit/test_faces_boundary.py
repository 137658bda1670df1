import io
import stat
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from comporta.cli import main, show
from comporta.cli import store as command
from comporta.cli.progress import MANY, StepProgress, display, steps_table, waiting
from comporta.errors import NotFound
from comporta.records import Share


def raising(error):
    def du():
        raise error

    return du


def test_a_fault_of_comporta_is_one_line_and_a_report_for_this_person_alone(monkeypatch, capsys):
    monkeypatch.setattr(command, "du", raising(RuntimeError("a secret row\nmore")))
    assert main(["store", "du"]) == 1
    said = capsys.readouterr().err
    assert "RuntimeError: a secret row" in said and "Traceback" not in said and "more" not in said
    report = Path(said.split()[-1])
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert "Traceback" in report.read_text() and "comporta store du" in report.read_text()
    report.unlink()


def test_what_a_person_can_act_on_is_its_message_and_exit_code_2(monkeypatch, capsys):
    monkeypatch.setattr(command, "du", raising(NotFound("found no x, expected y.")))
    assert main(["store", "du"]) == 2
    assert capsys.readouterr().err == "found no x, expected y.\n"


def test_an_interruption_is_one_line_and_exit_code_130(monkeypatch, capsys):
    monkeypatch.setattr(command, "du", raising(KeyboardInterrupt()))
    assert main(["store", "du"]) == 130
    assert capsys.readouterr().err.startswith("Interrupted.")


def test_a_table_in_a_pipe_is_aligned_and_whole(capsys):
    show.table("Things", ("name", "count"), [("a" * 200, 1), ("b", 1234567)])
    assert capsys.readouterr().out.splitlines() == [
        f"{'name':<200}      count",
        f"{'a' * 200}          1",
        f"{'b':<200}  1,234,567",
    ]


def test_records_are_printed_as_json(capsys):
    show.json([Share(version=1, weight=1.0)])
    assert '"version": 1' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("amount", "said"),
    [(0.0004, "0.4 ms"), (0.25, "250 ms"), (3.14159, "3.1 s"), (75, "1 min 15 s"), (7500, "2 h 05 min")],
)
def test_seconds_are_said_as_people_say_them(amount, said):
    assert show.seconds(amount) == said


@pytest.mark.parametrize(("count", "said"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (3e12, "3.0 TB")])
def test_sizes_are_said_as_people_say_them(count, said):
    assert show.size(count) == said


def test_times_are_shown_in_local_time():
    assert len(show.when(datetime(2026, 1, 1, tzinfo=UTC))) == len("2026-01-01 00:00:00")
    assert show.when(None) == ""


def test_progress_in_a_pipe_is_a_line_for_each_finished_step(capsys):
    with display() as said:
        assert said is not None
        for node, state, at in (
            ("a", "reused", 0.0),
            ("b", "started", 0.5),
            ("b", "done", 2.0),
        ):
            said(node, state, at)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split() for line in lines] == [["done", "b", "1.5", "s"]]


def test_steps_that_are_skipped_are_one_line_and_a_line_each_if_it_is_verbose(capsys):
    for verbose in (False, True):
        with display(verbose=verbose) as said:
            for number in range(31):
                said(f"step {number}", "skipped", 1.0)
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == (31 if verbose else 1) and lines[0].startswith("skipped  ")
        assert ("31 steps" in lines[0]) != verbose
    with display() as said:
        said("fit late", "skipped", 1.0)
    assert capsys.readouterr().err.startswith("skipped  fit late: what it reads failed")


def test_what_is_planned_counts_from_the_first_and_is_no_row_of_a_crowded_table():
    steps = StepProgress()
    for number in range(MANY + 5):
        steps(f"step {number}", "planned", 0.0)
    steps("step 0", "done", 1.0)
    steps("step 1", "skipped", 1.0)
    console = Console(file=io.StringIO(), width=100)
    console.print(steps_table(steps, 3.0))
    first, second = console.file.getvalue().splitlines()
    assert f"1 of {MANY + 5} steps" in first and "skipped" in second and "step 1" in second
    steps("step 2", "skipped", 1.0)
    console = Console(file=io.StringIO(), width=100)
    console.print(steps_table(steps, 3.0))
    assert "2 steps skipped" in console.file.getvalue().splitlines()[1]


def test_a_column_in_which_nothing_stands_is_left_out(capsys):
    show.table("Versions", ("version", "code", "run"), [("late/1", "", "r1"), ("late/2", None, "r2")])
    assert capsys.readouterr().out.splitlines() == ["version  run", "late/1   r1", "late/2   r2"]
    show.table("Versions", ("version", "code"), [("late/1", ""), ("late/2", "0f3a91c2")])
    assert "code" in capsys.readouterr().out


def test_progress_is_silent_when_json_is_asked_for():
    with display(quiet=True) as said:
        assert said is None


def test_a_step_s_time_is_from_its_start_to_its_end():
    steps = StepProgress()
    for state, at in (("waiting", 1.0), ("started", 3.0), ("done", 4.5)):
        steps("a", state, at)
    assert steps.took == {"a": 3.5} and steps.states == {"a": "done"}


def test_many_steps_are_counted_and_those_that_run_are_shown():
    steps = StepProgress()
    for number in range(MANY + 5):
        steps(f"step {number}", "done", 1.0)
    steps("the slow one", "started", 1.0)
    console = Console(file=io.StringIO(), width=80)
    console.print(steps_table(steps, 3.0))
    shown = console.file.getvalue().splitlines()
    assert len(shown) == 2 and f"{MANY + 5} of {MANY + 6} steps" in shown[0]
    assert "the slow one" in shown[1] and "2.0 s" in shown[1]


def test_what_is_waited_for_is_said_once_it_takes_long_and_never_where_it_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with waiting("m/1: being loaded", after=30.0):
        pass
    with waiting("m/1: being loaded", quiet=True, after=0.0):
        time.sleep(0.01)
    assert capsys.readouterr() == ("", "")
    with waiting("m/1: being loaded", after=0.0):
        time.sleep(0.05)
    assert capsys.readouterr() == ("", "m/1: being loaded\n")
