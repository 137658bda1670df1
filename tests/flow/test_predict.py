"""`comporta predict`: every row once, as a server answers, from where it was stopped, and a fact of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

import comporta
from comporta.acts.trace.trace import trace
from comporta.acts.trace.tree import tree_lines
from comporta.cli import main
from comporta.opened.project import open_project
from comporta.records import decode
from comporta.records.facts import BatchPredicted

ROWS = 400


@pytest.fixture
def here(ward: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder to write into; the project is the current one."""
    monkeypatch.chdir(ward)
    return tmp_path


def asked(*words: object) -> int:
    return main(["predict", *map(str, words)])


def facts() -> list[BatchPredicted]:
    with open_project(Path()) as opened:
        found = (each for each in opened.ledger.events() if each.kind == BatchPredicted.kind)
        return [decode(each.body or b"", BatchPredicted) for each in found]


def test_each_row_of_a_dataset_is_answered_as_in_python_in_order_and_traced(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = here / "deep/out.parquet"
    assert asked("ill@champion", "--input", "visits", "--output", out, "--chunk", 70, "--by", "ana") == 0
    assert f"ill/1 answered {ROWS} rows of visits@1: {out}" in capsys.readouterr().out
    found = pl.read_parquet(out)
    assert found.columns == ["id", "label", "probability", "version", "prediction_id"]
    assert found["version"].unique().to_list() == ["ill/1"]
    rows, model = pl.read_csv("rows.csv"), comporta.load(Path()).model("ill/1")
    same = model.predict(rows).with_columns(rows["id"])
    assert (
        found.sort("id")
        .drop("version", "prediction_id")
        .equals(same.sort("id").select("id", "label", "probability"))
    )
    assert [each.name for each in out.parent.iterdir()] == ["out.parquet"], "nothing is left beside it"
    assert (facts()[-1].rows, facts()[-1].dataset, facts()[-1].releasable) == (ROWS, "visits", True)
    with open_project(Path()) as opened:
        assert "answered by ill/1 in a batch, for ana" in "\n".join(tree_lines(trace(opened, "visits@1")))
        assert "answered visits@1 in a batch, for ana" in "\n".join(tree_lines(trace(opened, "ill/1")))


def test_files_are_answered_too_with_the_columns_that_are_asked_for(here: Path) -> None:
    wide = pl.read_csv("rows.csv").drop("ill", "mail", "who")
    wide.head(90).write_csv(here / "a.csv"), wide.tail(30).write_csv(here / "b.csv")
    out = here / "out.csv"
    given = ("--input", here / "*.csv", "--output", out, "--keep", "pulse", "--keep", "id", "--chunk", 50)
    assert asked("ill/1", *given) == 0
    found = pl.read_csv(out)
    assert found.columns == ["pulse", "id", "label", "probability", "version"]
    assert found["id"].to_list() == [*range(90), *range(ROWS - 30, ROWS)]
    assert (facts()[-1].dataset, facts()[-1].rows) == ("", 120)


def test_a_version_that_could_not_be_released_needs_a_reason_and_marks_its_answers(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = here / "out.csv"
    assert asked("bad/1", "--input", "visits", "--output", out) == 2
    assert "add --unreleased --reason WHY, which is recorded" in capsys.readouterr().err
    assert asked("bad/1", "--input", "visits", "--output", out, "--unreleased", "--reason", "a look") == 0
    assert pl.read_csv(out)["version"].unique().to_list() == ["bad/1 (unreleased)"]
    assert not facts()[-1].releasable


def test_personal_columns_stand_beside_the_answers_for_a_reason_alone(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pl.read_csv("rows.csv").write_parquet(here / "in.parquet")
    for rows in ("visits", here / "in.parquet"):
        words = ("ill/1", "--input", rows, "--output", here / "out.csv", "--keep", "who", "--force")
        assert asked(*words) == 2
        assert "who: found a personal column beside the answers" in capsys.readouterr().err
        assert asked(*words, "--reveal", "--reason", "letters") == 0
        assert facts()[-1].revealed == ("who",)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--input", "nowhere"), "found no dataset 'nowhere'"),
        (("--input", "visits@9"), "visits"),
        (("--input", "none*.csv"), "found no file for 'none*.csv'"),
        (("--input", "visits", "--keep", "height"), "found no column height in the rows"),
        (("--input", "narrow.csv"), "found no column weight"),
        (("--input", "empty.csv"), "found no rows, expected at least one"),
        (("--input", "broken.parquet"), "broken.parquet cannot be read"),
        (
            ("--input", "clash.csv", "--keep", "label"),
            "label: found a column of the rows, which the answers have too",
        ),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    Path("narrow.csv").write_text("id,pulse\n1,2\n"), Path("empty.csv").write_text("id,pulse,weight\n")
    (
        Path("broken.parquet").write_bytes(b"PAR1 no"),
        Path("clash.csv").write_text("label,pulse,weight\n1,2,3\n"),
    )
    before = facts()
    assert asked("ill/1", *words, "--output", here / "out.csv") == 2
    err = capsys.readouterr().err
    assert said in err and "Traceback" not in err
    assert not any(here.iterdir()) and facts() == before


def test_a_column_that_the_file_cannot_hold_is_told_before_all_rows_are_answered(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nested = pl.read_csv("rows.csv").with_columns(each=pl.concat_list("pulse", "weight"))
    nested.write_parquet("nested.parquet")
    words = ("ill/1", "--input", "nested.parquet", "--keep", "each", "--chunk", 50)
    assert asked(*words, "--output", here / "out.csv") == 2
    assert "nested.parquet.each: found the type List(Int64), which CSV cannot hold" in capsys.readouterr().err
    assert not any(here.iterdir())
    assert asked(*words, "--output", here / "out.parquet") == 0


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (".comporta/store/out.parquet", "lies where Comporta keeps the project's own files"),
        ("rows.csv/out.parquet", "cannot be written"),
    ],
)
def test_answers_go_where_a_file_may_be_written_and_nowhere_else(
    here: Path, capsys: pytest.CaptureFixture[str], target: str, said: str
) -> None:
    assert asked("ill/1", "--input", "visits", "--output", target, "--force") == 2
    err = capsys.readouterr().err
    assert said in err and "Traceback" not in err
    assert Path("rows.csv").is_file() and not Path(target).exists()


def test_what_is_there_is_not_overwritten_and_other_endings_are_refused(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "out.csv").write_text("mine")
    assert asked("ill/1", "--input", "visits", "--output", here / "out.csv") == 2
    assert "exists already, and is not overwritten" in capsys.readouterr().err
    assert (here / "out.csv").read_text() == "mine"
    assert asked("ill/1", "--input", "visits", "--output", here / "out.json") == 2
    assert "expected .parquet" in capsys.readouterr().err


KILLED = """
import os, signal, sys
from comporta.acts.predict import parts
from comporta.cli import main

add = parts.BatchParts.add

def then_die(self, frame):
    add(self, frame)
    if self.done == 3:
        os.kill(os.getpid(), signal.SIGKILL)

parts.BatchParts.add = then_die
main(sys.argv[1:])
"""


def test_a_batch_that_was_killed_goes_on_where_it_was_and_on_the_same_rows_only(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["predict", "ill/1", "--input", "visits", "--output", str(here / "out.parquet")]
    dead = subprocess.run([sys.executable, "-c", KILLED, *words, "--chunk", "50"], capture_output=True)
    assert dead.returncode == -signal.SIGKILL, dead.stderr.decode()
    assert not (here / "out.parquet").exists()
    before = len(facts())
    assert main([*words, "--chunk", "60"]) == 2
    assert "a batch of ill/1 on visits@1" in capsys.readouterr().err
    assert main([*words, "--chunk", "50"]) == 0
    assert "150 rows were answered before" in capsys.readouterr().err
    found = pl.read_parquet(here / "out.parquet")
    assert sorted(found["id"]) == list(range(ROWS))
    assert len(facts()) == before + 1
    assert asked("ill/1", "--input", "visits", "--output", here / "whole.parquet") == 0
    ids = pl.col("prediction_id").str.slice(16)  # before it stands the batch's own
    assert pl.read_parquet(here / "whole.parquet").with_columns(ids).equals(found.with_columns(ids))


def test_two_processes_do_not_write_one_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slow = KILLED.replace("os.kill(os.getpid(), signal.SIGKILL)", "import time; time.sleep(60)")
    words = ["predict", "ill/1", "--input", "visits", "--output", str(here / "out.csv"), "--chunk", "50"]
    with subprocess.Popen([sys.executable, "-c", slow, *words], stderr=subprocess.PIPE) as first:
        while len(list(here.glob(".out.csv.parts/*.parquet"))) < 3 and first.poll() is None:
            time.sleep(0.05)
        assert main(words) == 2
        assert "another process is writing it" in capsys.readouterr().err
        first.kill()
    assert main(words) == 0
