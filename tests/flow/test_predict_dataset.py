"""`comporta predict --output DATASET`: an answer to each row once, whatever stops it, and back to the row."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import comporta
from comporta.acts.predict import into_dataset, parts
from comporta.acts.trace.trace import trace
from comporta.acts.trace.tree import tree_lines
from comporta.acts.upkeep.audit import verify
from comporta.cli import main
from comporta.data import accept_columns, add, compact, manifest_of, rows_of, scan_slice, slice_of
from comporta.data.column_types import types_of
from comporta.data.dataset_log import read_log
from comporta.errors import BadProject, Busy
from comporta.opened.follow import follow_one
from comporta.opened.project import OpenProject, open_project
from comporta.records import decode
from comporta.records.facts import BatchPredicted

ROWS = 120


def frame(ids: range, pulse: int = 0) -> pl.DataFrame:
    rows = [
        {
            "id": each, "who": f"P{each % 20}@x.org", "mail": f"m{each}@x", "pulse": 60 + each % 37 + pulse,
            "weight": 50 + each % 41, "ill": (60 + each % 37) > 78,
        }
        for each in ids
    ]  # fmt: skip
    return pl.DataFrame(rows)


@pytest.fixture
def opened(ward: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenProject]:
    """The project, which is the current folder; `arrivals` as it was made first."""
    monkeypatch.chdir(ward)
    with open_project(Path(), works=True) as opened:
        newest(opened, frame(range(ROWS)))
        yield opened


@pytest.fixture
def out(request: pytest.FixtureRequest) -> str:
    """A dataset of the test's own."""
    return "s" + "".join(each for each in request.node.name if each.isalnum())[-60:]


def newest(opened: OpenProject, rows: pl.DataFrame, name: str = "arrivals") -> int:
    """The number of the version that has these rows, and no others."""
    history = read_log(opened.store, opened.keys, name)
    if history.versions:
        there = manifest_of(opened.store, opened.keys, name).columns
        if (columns := types_of(rows)) != there:
            accept_columns(opened.store, opened.keys, name, columns, now=opened.clock())
    shape = opened.project.tables()[name].shape()
    with parts_folder(opened) as scratch:
        part, _ = add(
            opened.store, opened.keys, shape, rows, change="replace", now=opened.clock(), scratch=scratch
        )
    follow_one(opened, name)
    return part.number


def parts_folder(opened: OpenProject) -> Any:
    from tempfile import TemporaryDirectory

    opened.below.mkdir(exist_ok=True)
    folder = TemporaryDirectory(dir=opened.below, prefix="compact-")

    class Scratch:
        def __enter__(self) -> Path:
            return Path(folder.name)

        def __exit__(self, *_: object) -> None:
            folder.cleanup()

    return Scratch()


def asked(*words: object) -> int:
    return main(["predict", *map(str, words)])


def answers(opened: OpenProject, name: str) -> pl.DataFrame:
    part = slice_of(opened.store, opened.keys, name)
    return scan_slice(opened.store, opened.keys, part).collect().sort("id", "predicted_at")


def facts(opened: OpenProject, output: str) -> list[BatchPredicted]:
    kept = (each for each in opened.ledger.events() if each.kind == BatchPredicted.kind)
    return [
        each for each in (decode(one.body or b"", BatchPredicted) for one in kept) if each.output == output
    ]


def test_each_row_is_answered_once_as_in_a_file_and_its_id_leads_to_it(
    opened: OpenProject, out: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked("ill/1", "--input", "arrivals", "--output", out, "--chunk", 50, "--by", "ana") == 0
    assert f"ill/1 answered {ROWS} rows of arrivals@" in capsys.readouterr().out
    found = answers(opened, out)
    beside = ["id", "who", "label", "probability", "version", "input", "prediction_id", "predicted_at"]
    assert found.columns == beside and found["id"].to_list() == list(range(ROWS))
    file = tmp_path / "out.parquet"
    assert asked("ill/1", "--input", "arrivals", "--output", file, "--by", "ana") == 0
    scores = ["id", "label", "probability", "version"]
    assert pl.read_parquet(file).sort("id").select(scores).equals(found.select(scores))
    assert asked("ill/1", "--input", "arrivals", "--output", out) == 0
    assert f"ill/1 has answered every row of {found['input'][0]}: {out}@1" in capsys.readouterr().out
    (fact,) = facts(opened, out)
    assert (fact.rows, fact.output_number, fact.columns) == (ROWS, 1, ("id", "who"))
    for id in (found["prediction_id"][17], pl.read_parquet(file).sort("id")["prediction_id"][17]):
        told = "\n".join(tree_lines(trace(opened, id)))
        assert f"row [17] of {found['input'][0]}" in told and "ill/1, released" in told
    assert f"answers of ill/1 to {found['input'][0]}, for ana" in "\n".join(
        tree_lines(trace(opened, f"{out}@1"))
    )
    assert f"1 prediction of {out} about it" in "\n".join(tree_lines(trace(opened, "arrivals:17")))
    verify(opened)


def test_only_rows_that_are_new_or_read_otherwise_are_answered_again(opened: OpenProject, out: str) -> None:
    words = ("ill/1", "--input", "arrivals", "--output", out)
    assert asked(*words) == 0
    first = answers(opened, out)
    changed = frame(range(ROWS)).with_columns(
        pulse=pl.when(pl.col("id") < 3).then(pl.col("pulse") + 1).otherwise("pulse"),
        mail=pl.lit("changed@x"),  # nothing that the model reads
    )
    number = newest(opened, pl.concat([changed.filter(pl.col("id") != 9), frame(range(ROWS, ROWS + 5))]))
    assert asked(*words) == 0
    found = answers(opened, out)
    again = found.filter(pl.col("input") == f"arrivals@{number}")
    assert again["id"].to_list() == [0, 1, 2, *range(ROWS, ROWS + 5)]
    assert found.filter(pl.col("input") != f"arrivals@{number}").equals(first)
    assert 9 in found["id"], "the answer to a row that went later stays"
    assert [each.rows for each in facts(opened, out)] == [ROWS, 8]


def test_the_input_may_be_compacted_between(opened: OpenProject, out: str) -> None:
    words = ("ill/1", "--input", "arrivals", "--output", out)
    assert asked(*words) == 0
    with parts_folder(opened) as scratch:
        compact(opened.store, opened.keys, "arrivals", now=opened.clock(), scratch=scratch)
    newest(opened, frame(range(ROWS + 2)))
    assert asked(*words) == 0
    assert answers(opened, out)["id"].to_list() == list(range(ROWS + 2))


def test_an_answer_of_a_version_that_could_not_be_released_is_marked(
    opened: OpenProject, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("bad/1", "--input", "arrivals", "--output", out)
    assert asked(*words) == 2
    assert "add --unreleased --reason WHY, which is recorded" in capsys.readouterr().err
    assert asked(*words, "--unreleased", "--reason", "a look") == 0
    assert answers(opened, out)["version"].unique().to_list() == ["bad/1 (unreleased)"]
    assert [each.releasable for each in facts(opened, out)] == [False]
    with pytest.raises(comporta.errors.Refused, match="--unreleased"):
        next(comporta.load().predict_follow("bad/1", "arrivals", out + "2"))


def test_files_are_answered_each_time_with_the_key_and_the_subject_that_they_must_have(
    opened: OpenProject, out: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame(range(30)).write_csv(tmp_path / "in.csv")
    for _ in range(2):
        assert asked("ill/1", "--input", tmp_path / "in.csv", "--output", out) == 0
    found = answers(opened, out)
    assert found.height == 60 and found["input"].unique().to_list() == ["files"]
    assert "a row of files" in "\n".join(tree_lines(trace(opened, found["prediction_id"][0])))
    frame(range(30)).drop("who").write_csv(tmp_path / "bare.csv")
    assert asked("ill/1", "--input", tmp_path / "bare.csv", "--output", out + "2") == 2
    assert "found no column who in the rows, expected it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--output", "arrivals"), "found the same dataset as input and output"),
        (("--output", "ill"), "found the name of a model"),
        (("--output", "predictions"), "found a log that servers write"),
        (("--output", "sc res"), "expected letters, digits"),
        (("--output", "other"), "is declared with key ('weight',), expected ('id', 'prediction_id')"),
        (("--output", "all"), "found change='replace' in its declaration, expected 'append'"),
        (("--output", "fresh", "--force"), "found --force, expected it with a file alone"),
        (("--output", "fresh", "--keep", "height"), "found no column height in the rows"),
        (("--output", "fresh", "--follow", "--force"), "neither --force nor --reveal"),
        (("--output", "out.csv", "--follow"), "expected the name of a dataset"),
    ],
)
def test_bad_output_is_one_line_and_leaves_nothing(
    opened: OpenProject, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    before = {each.name for each in opened.store.list("")}
    assert asked("ill/1", "--input", "arrivals", *words) == 2
    err = capsys.readouterr().err
    assert said in err and "Traceback" not in err
    assert {each.name for each in opened.store.list("")} == before
    assert not list((opened.below / "batches").glob("fresh.*/*"))


def test_other_columns_than_the_dataset_has_are_refused_and_it_stays_as_it_was(
    opened: OpenProject, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked("ill/1", "--input", "arrivals", "--output", out) == 0
    newest(opened, frame(range(ROWS + 1)))
    assert asked("ill/1", "--input", "arrivals", "--output", out, "--keep", "weight") == 2
    assert "expected those that it has" in capsys.readouterr().err
    assert answers(opened, out).height == ROWS
    assert asked("ill/1", "--input", "arrivals", "--output", out) == 0
    assert answers(opened, out).height == ROWS + 1


def test_a_column_that_the_version_cannot_take_ends_it_and_the_offset_stays(
    opened: OpenProject, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("ill/1", "--input", "arrivals", "--output", out)
    assert asked(*words) == 0
    newest(opened, frame(range(ROWS + 4)).with_columns(pulse=pl.lit("fast")))
    assert asked(*words) == 2
    err = capsys.readouterr().err
    assert "pulse" in err and "Traceback" not in err and len(err.strip().splitlines()) == 1
    newest(opened, frame(range(ROWS + 4)).drop("weight"))
    assert asked(*words) == 2
    assert "found no column weight" in capsys.readouterr().err
    newest(opened, frame(range(ROWS + 4)))
    assert asked(*words) == 0
    assert answers(opened, out)["id"].to_list() == list(range(ROWS + 4))


class Killed(BaseException):
    """In place of a signal: what runs after it changes nothing that is durable."""


def points(patch: pytest.MonkeyPatch, opened: OpenProject, n: int) -> list[str]:
    """Every durable write of a batch, before and after, in order; at the nth it is over. n: from 1."""
    passed: list[str] = []

    def at(name: str) -> None:
        passed.append(name)
        if len(passed) == n:
            raise Killed

    def both(place: Any, name: str) -> None:
        act = getattr(place, name)

        def around(*args: Any, **named: Any) -> Any:
            at(f"before {name}")
            done = act(*args, **named)
            at(f"after {name}")
            return done

        patch.setattr(place, name, around)

    both(parts.BatchParts, "add")
    both(into_dataset, "add")
    both(into_dataset, "follow_one")
    both(type(opened.store), "put")
    both(parts.BatchFolder, "clear")
    return passed


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.soak)])
def test_stopped_before_and_after_any_write_it_goes_on_and_answers_each_row_once(
    opened: OpenProject, out: str, every: int
) -> None:
    total = 1
    at = 1 - every
    while at < total:
        at += every
        name = f"{out}{at}"
        project = comporta.load()
        with pytest.MonkeyPatch.context() as patch:
            passed = points(patch, opened, at)
            try:
                project.predict_batch("ill/1", "arrivals", name, chunk=50)
            except Killed:
                total = at + every
        if at % 2:  # the input goes on meanwhile: what was begun is finished first
            newest(opened, frame(range(ROWS + at)))
        project.predict_batch("ill/1", "arrivals", name, chunk=50)
        project.predict_batch("ill/1", "arrivals", name, chunk=50)
        found = answers(opened, name)
        expected = newest_ids(opened)
        assert sorted(found["id"]) == expected, (at, passed[-1:])
        batches = facts(opened, name)
        assert sum(each.rows for each in batches) == len(expected)
        assert len({each.batch for each in batches}) == len(batches)
        assert not list((opened.below / "batches").glob(f"{name}.*"))
    assert total > 15


def newest_ids(opened: OpenProject) -> list[int]:
    part = slice_of(opened.store, opened.keys, "arrivals")
    return sorted(scan_slice(opened.store, opened.keys, part).select("id").collect()["id"])


def test_two_that_add_the_same_from_two_places_add_it_once(
    opened: OpenProject, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = into_dataset.add

    def late(*args: Any, **named: Any) -> Any:
        monkeypatch.setattr(into_dataset, "add", real)
        monkeypatch.setattr(into_dataset, "BATCHES_FOLDER", "elsewhere")
        comporta.load().predict_batch("ill/1", "arrivals", out)
        return real(*args, **named)

    monkeypatch.setattr(into_dataset, "add", late)
    with pytest.raises(Busy, match="another process adds the answers of ill/1 too"):
        comporta.load().predict_batch("ill/1", "arrivals", out)
    assert answers(opened, out)["id"].to_list() == list(range(ROWS))


def test_stopped_and_the_input_compacted_meanwhile_each_row_is_answered_once(
    opened: OpenProject, out: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    newest(opened, frame(range(1)))
    for end in (40, 80, ROWS):
        newest(opened, frame(range(end)))
    real, file = parts.BatchParts.add, tmp_path / "out.parquet"
    for target in (out, file):
        added: list[None] = []

        def add_one(self: Any, part: pl.DataFrame, added: list[None] = added) -> None:
            if added:
                raise Killed
            added.append(real(self, part))

        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(parts.BatchParts, "add", add_one)
            comporta.load().predict_batch("ill/1", "arrivals", target, chunk=50)
    with parts_folder(opened) as scratch:
        made = compact(opened.store, opened.keys, "arrivals", now=opened.clock(), scratch=scratch)
    assert made.before > 1
    project = comporta.load()
    project.predict_batch("ill/1", "arrivals", out, chunk=50)
    assert answers(opened, out)["id"].to_list() == list(range(ROWS))
    with pytest.raises(BadProject, match="was begun there and not finished"):
        project.predict_batch("ill/1", "arrivals", file, chunk=50)
    project.predict_batch("ill/1", "arrivals", file, chunk=50, force=True)
    assert sorted(pl.read_parquet(file)["id"]) == list(range(ROWS))


def test_an_erasure_reaches_the_answers_in_whatever_spelling(
    opened: OpenProject, out: str, forget: Callable[..., None]
) -> None:
    assert asked("ill/1", "--input", "arrivals", "--output", out) == 0
    part = slice_of(opened.store, opened.keys, out)
    mine = rows_of(opened.store, opened.keys, part, subject="p7@X.ORG ")
    assert mine["id"].to_list() == list(range(7, ROWS, 20))
    assert f"6 rows of {out}@1" in "\n".join(tree_lines(trace(opened, "subject:p7@x.org")))
    forget(opened, out, "who", "P7@x.org", canonical="p7@x.org")
    assert not answers(opened, out)["who"].is_in(["P7@x.org"]).any()
    newest(opened, frame(range(ROWS), pulse=1))
    assert asked("ill/1", "--input", "arrivals", "--output", out) == 0
    found = answers(opened, out)
    assert found.height == 2 * (ROWS - 6) and "P7@x.org" not in found["who"], "nothing brings them back"
    assert not list((opened.below / "batches").glob(f"{out}.*")), "nor are they left beside it"


def test_following_answers_what_comes_until_it_is_told_to_stop(opened: OpenProject, out: str) -> None:
    stop = threading.Event()
    following = comporta.load().predict_follow("ill@champion", "arrivals", out, stop=stop, poll=0.01)
    assert next(following).rows == ROWS
    number = newest(opened, frame(range(ROWS + 3)))
    result = next(following)
    assert (result.rows, result.number, result.dataset) == (3, number, f"{out}@2")
    newest(opened, frame(range(5, ROWS + 3)))  # rows that went: nothing to answer
    newest(opened, frame(range(5, ROWS + 4)))
    assert next(following).rows == 1
    stop.set()
    assert list(following) == []
    assert answers(opened, out)["id"].to_list() == list(range(ROWS + 4))


FOLLOW = (sys.executable, "-m", "comporta", "predict", "ill/1", "--input", "arrivals", "--follow")


def test_follow_ends_on_sigterm_with_one_line(opened: OpenProject, out: str) -> None:
    command = [*FOLLOW, "--output", out]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert f"ill/1 answered {ROWS} rows" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        rest, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert rest == f"Stopped: ill/1 answered {ROWS} rows of arrivals. The same command goes on.\n"


@pytest.mark.soak
def test_killed_at_any_moment_follow_neither_skips_a_row_nor_answers_one_twice(
    opened: OpenProject, out: str
) -> None:
    draw = random.Random(0)
    command = [*FOLLOW, "--output", out, "--poll", "1", "--chunk", "300", "--json"]
    count = 0
    for _ in range(25):
        count += 2_000
        newest(opened, frame(range(count)))
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            if draw.random() < 0.3:
                process.stdout.readline()  # once something is committed
            else:
                draws = draw.uniform(0.5, 4.0)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(draws)
            process.kill()
    assert asked("ill/1", "--input", "arrivals", "--output", out) == 0
    assert answers(opened, out)["id"].to_list() == list(range(count))
    assert sum(each.rows for each in facts(opened, out)) == count
