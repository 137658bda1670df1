"""The command line as a person meets it: real processes, a real project, real interruptions."""

import contextlib
import io
import json
import os
import pty
import re
import select
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import psutil
import pytest

from comporta.cli import main
from comporta.project.faults import project_faults
from comporta.project.load import load_project

COMPORTA = str(Path(sys.executable).parent / "comporta")
SECONDS = 120

PROJECT = """
import time
import polars as pl
from sklearn.linear_model import LogisticRegression
from comporta import Dataset, Features, Model, Project, at_least

def read():
    number = pl.int_range(600, eager=True)
    return pl.DataFrame({"id": number, "a": number * 37 % 101, "b": number * 53 % 97}).with_columns(
        y=pl.col("a") + pl.col("b") % 20 > 60
    )

def fit(X, y):
    return LogisticRegression(max_iter=500).fit(X, y)

rows = Dataset("rows", source=read, key="id")
features = Features("features", of=rows, known=("a", "b"))
model = Model("tiny", features=features, target="y", fit=fit, gates=(at_least("roc_auc", 0.8),))
project = Project("small", models=(model,))
"""


class CompletedCommand(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def comporta(folder: Path, *words: str, **variables: str) -> CompletedCommand:
    """A command in this process, as the installed script calls it: a new one costs a second of imports."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COMPORTA_")}
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, {**clean, **variables}, clear=True),
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = main(words)
    return CompletedCommand(code, out.getvalue(), err.getvalue())


def small(folder: Path, text: str = PROJECT, executor: str = "inline://") -> Path:
    """A small project whose steps run in the command's own process, which is quicker."""
    folder.mkdir(exist_ok=True)
    (folder / "project.py").write_text(text)
    (folder / "comporta.toml").write_text(f'executor = "{executor}"\n')
    assert comporta(folder, "init", ".").returncode == 0
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A project with one version that passed."""
    folder = small(tmp_path_factory.mktemp("cli") / "small")
    done = comporta(folder, "run")
    assert done.returncode == 0, done.stderr
    assert "tiny/1" in done.stderr and "pass" in done.stdout
    return folder


def test_init_makes_a_project_and_a_key_for_this_person_alone(tmp_path):
    done = comporta(tmp_path, "init", "first")
    assert done.returncode == 0, done.stderr
    made = {file.name for file in (tmp_path / "first").iterdir()}
    files = ["project.py", "sample.py", "README.md", "comporta.toml", ".gitignore", "comporta.key"]
    assert made == {*files, "comporta.pub"}
    public = comporta(tmp_path / "first", "audit", "key").stdout
    assert (tmp_path / "first" / "comporta.pub").read_text() == public
    assert 'project_id = "first"' in (tmp_path / "first" / "comporta.toml").read_text()
    assert stat.S_IMODE((tmp_path / "first" / "comporta.key").stat().st_mode) == 0o600
    assert "*.key" in (tmp_path / "first" / ".gitignore").read_text()
    assert 'Project("first"' in (tmp_path / "first" / "project.py").read_text()


def test_init_again_changes_nothing(tmp_path):
    comporta(tmp_path, "init", "first")
    before = {file: file.read_bytes() for file in (tmp_path / "first").iterdir()}
    done = comporta(tmp_path, "init", "first")
    assert done.returncode == 0 and done.stdout.count("exists already") == 3
    assert {file: file.read_bytes() for file in (tmp_path / "first").iterdir()} == before


def test_init_in_a_cloned_project_adds_only_what_it_lacks(tmp_path):
    (tmp_path / "project.py").write_text(PROJECT)
    assert comporta(tmp_path, "init", ".").returncode == 0
    made = {file.name for file in tmp_path.iterdir()}
    assert made == {"project.py", "comporta.toml", ".gitignore", "comporta.key", "comporta.pub"}


def test_the_template_is_formatted_short_and_without_fault(tmp_path):
    comporta(tmp_path, "init", "first")
    folder = tmp_path / "first"
    assert len((folder / "project.py").read_text().splitlines()) <= 60
    for words in (["format", "--check"], ["check", "--isolated"]):
        command = [sys.executable, "-m", "ruff", *words, "--line-length", "110", "."]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    assert project_faults(load_project(folder / "project.py"), folder) == ()


def test_a_key_goes_out_and_in(tmp_path):
    comporta(tmp_path, "init", "first")
    folder = tmp_path / "first"
    out = comporta(folder, "key", "export")
    assert re.fullmatch(r"[0-9a-f]{64}\n", out.stdout) and "Keep it where secrets are kept" in out.stderr
    (tmp_path / "key.txt").write_text(out.stdout)
    again = comporta(folder, "key", "import", "../key.txt")
    assert again.returncode == 0 and "already" in again.stdout
    (folder / "comporta.key").unlink()
    assert comporta(folder, "key", "import", "../key.txt").returncode == 0
    assert comporta(folder, "key", "export").stdout == out.stdout
    assert stat.S_IMODE((folder / "comporta.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "abc", "zz" * 32, "ab" * 31])
def test_what_is_no_key_is_not_imported(tmp_path, text):
    small(tmp_path)
    (tmp_path / "comporta.key").unlink()
    (tmp_path / "other.txt").write_text(text)
    done = comporta(tmp_path, "key", "import", "other.txt")
    assert done.returncode == 2 and "64 hex digits" in done.stderr
    assert not (tmp_path / "comporta.key").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["run"], ["runs"], ["models"], ["models", "tiny"], ["models", "tiny/1"], ["check"], ["data", "list"],
        ["data", "show", "rows"], ["data", "versions", "rows"], ["data", "diff", "rows", "1", "1"],
        ["trace", "tiny/1"], ["store", "du"], ["store", "gc", "--dry-run"], ["audit", "verify"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_every_answer_can_be_had_as_json_and_as_text(trained, words):
    said = comporta(trained, *words, "--json")
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout) is not None
    plain = comporta(trained, *words)
    assert plain.returncode == 0, plain.stderr
    assert plain.stdout.strip()


def test_a_second_run_computes_nothing_and_makes_no_version(trained):
    done = json.loads(comporta(trained, "run", "--json").stdout)
    fresh = set(done["run"]["nodes"]) - set(done["run"]["reused"])
    # A source may have new rows, so it is asked again; what it is equal to is reused.
    assert all(node.startswith("data ") for node in fresh)
    assert done["fresh"] == [] and done["versions"][0]["number"] == 1


@pytest.mark.parametrize(
    ("words", "offer"),
    [
        (("release", ""), "tiny/1"), (("models", "t"), "tiny"), (("run", ""), "tiny"),
        (("data", "show", ""), "rows"), (("compare", "tiny/1", ""), "tiny/1"), (("show", "2"), "20"),
    ],
)  # fmt: skip
def test_a_shell_is_offered_the_names_that_there_are(trained, tmp_path, words, offer):
    said = comporta(trained, "__complete", *words).stdout.partition("begin\n")[2].split()
    assert any(each.startswith(offer) for each in said), said
    nowhere = comporta(tmp_path, "__complete", *words)
    assert nowhere.returncode == 0 and not nowhere.stdout.partition("begin\n")[2], (
        "no project, nothing to offer"
    )
    assert "Traceback" not in nowhere.stderr


def test_a_run_is_shown_by_the_beginning_of_its_id(trained):
    run = json.loads(comporta(trained, "runs", "--json").stdout)[-1]["id"]
    shown = comporta(trained, "show", run)
    assert shown.returncode == 0, shown.stderr
    assert "fit tiny" in shown.stdout and "done" in shown.stdout
    assert comporta(trained, "show", run[:-1]).stdout == shown.stdout
    missing = comporta(trained, "show", "1999")
    assert missing.returncode == 2 and "comporta runs" in missing.stderr


def test_a_gate_that_does_not_open_is_exit_code_3_and_no_way_to_production(trained):
    text = (trained / "project.py").read_text()
    (trained / "project.py").write_text(text.replace("0.8", "1.1"))
    try:
        done = comporta(trained, "run")
        assert done.returncode == 3, done.stderr
        assert "1.1" in done.stdout and "cannot be released" in done.stderr
        number = json.loads(comporta(trained, "models", "tiny", "--json").stdout)[0]["number"]
        refused = comporta(trained, "release", f"tiny/{number}")
        assert refused.returncode == 2 and "Traceback" not in refused.stderr
    finally:
        (trained / "project.py").write_text(text)
    # It was asked to pass the looser limit when it was made, so it is judged by that again.
    again = comporta(trained, "run")
    assert again.returncode == 0, again.stderr


def test_release_and_rollback_name_who_and_what(trained):
    done = comporta(trained, "release", "tiny/1", "--reason", "first", "--json", LOGNAME="ana")
    assert done.returncode == 0, done.stderr
    assert (json.loads(done.stdout)["by"], json.loads(done.stdout)["reason"]) == ("ana", "first")
    back = comporta(trained, "rollback", "tiny")
    assert back.returncode == 2 and "Traceback" not in back.stderr
    missing = comporta(trained, "release", "tinny/1")
    assert missing.returncode == 2 and "tiny" in missing.stderr


def test_a_trace_is_drawn_into_a_file(trained, tmp_path):
    done = comporta(trained, "trace", "tiny/1", "--svg", str(tmp_path / "trace.svg"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "trace.svg").read_text().startswith("<svg")


def test_a_record_goes_out_and_is_verified_without_the_project(trained, tmp_path):
    file, public = tmp_path / "record.jsonl", tmp_path / "comporta.pub"
    public.write_text(comporta(trained, "audit", "key").stdout)
    done = comporta(trained, "audit", "export", str(file), "--withhold", "2")
    assert done.returncode == 0 and "1 of them withheld" in done.stdout, done.stderr
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    head = comporta(trained, "audit", "verify").stdout.splitlines()[-1].removeprefix("head ")
    told = ["audit", "verify-export", str(file), "--key", str(public), "--head"]
    done = comporta(elsewhere, *told, head)
    assert done.returncode == 0 and done.stdout.startswith("OK: "), done
    assert "as the file itself says" in comporta(elsewhere, "audit", "verify-export", str(file)).stdout
    done = comporta(elsewhere, *told, f"{int(head.split(':')[0]) + 5}:{'0' * 64}")
    assert done.returncode == 3 and "but event" in done.stdout
    file.write_text(file.read_text().replace("step.answered", "step.answeret", 1))
    done = comporta(elsewhere, "audit", "verify-export", str(file), "--key", str(public))
    assert done.returncode == 3 and "not that event's link" in done.stdout, done.stdout
    for wrong in (
        ["audit", "verify-export", str(public)],
        ["audit", "check", "none"],
        ["audit", "export", "a/b/c"],
    ):
        done = comporta(trained, *wrong)
        assert done.returncode == 2 and "Traceback" not in done.stderr and done.stderr, done


def test_who_is_not_declared_removes_no_event(tmp_path):
    small(tmp_path)
    remove = ("audit", "remove", "2", "--reason", "erasure", "--by", "p-1")
    done = comporta(tmp_path, *remove)
    assert done.returncode == 2 and "'p-1' may not remove the body of an event" in done.stderr, done.stderr


def test_the_audit_prints_a_head_that_can_be_checked_later(trained):
    head = comporta(trained, "audit", "verify").stdout.splitlines()[-1].removeprefix("head ")
    assert comporta(trained, "audit", "verify", "--head", head).returncode == 0
    cut = comporta(trained, "audit", "verify", "--head", f"999999:{head.partition(':')[2]}")
    assert cut.returncode == 3
    assert comporta(trained, "audit", "verify", "--head", "yesterday").returncode == 2


def test_the_project_is_found_from_below_by_option_and_by_environment(trained, tmp_path):
    (trained / "deep").mkdir(exist_ok=True)
    assert comporta(trained / "deep", "models").returncode == 0
    assert comporta(tmp_path, "models", "-p", str(trained)).returncode == 0
    assert comporta(tmp_path, "models", COMPORTA_PROJECT=str(trained / "project.py")).returncode == 0
    nowhere = comporta(tmp_path, "models")
    assert nowhere.returncode == 2 and "comporta init" in nowhere.stderr


def test_another_key_is_one_clear_error(trained):
    key = (trained / "comporta.key").read_text()
    try:
        (trained / "comporta.key").chmod(0o600)
        (trained / "comporta.key").write_text("ab" * 32)
        done = comporta(trained, "models")
        assert done.returncode == 2 and "comporta key import" in done.stderr
        (trained / "comporta.key").unlink()
        done = comporta(trained, "models")
        assert done.returncode == 2 and "no such file" in done.stderr
    finally:
        (trained / "comporta.key").write_text(key)


def test_a_key_that_the_data_was_not_written_with_is_refused_before_it_is_put(trained, tmp_path):
    file = trained / "comporta.key"
    right = file.read_text()
    (tmp_path / "wrong.txt").write_text("ab" * 32)
    file.unlink()
    try:
        done = comporta(trained, "key", "import", str(tmp_path / "wrong.txt"))
        assert done.returncode == 2 and "was written with" in done.stderr and "Traceback" not in done.stderr
        assert not file.exists()
        (tmp_path / "right.txt").write_text(right)
        done = comporta(trained, "key", "import", str(tmp_path / "right.txt"))
        assert done.returncode == 0, done.stderr
        assert comporta(trained, "models").returncode == 0
    finally:
        file.write_text(right)


@pytest.mark.parametrize("start", [(COMPORTA,), (sys.executable, "-m", "comporta")])
@pytest.mark.parametrize("loaded", ["comporta.cli.boundary", "cyclopts.exceptions", "sqlalchemy.util"])
def test_ctrl_c_while_a_command_is_still_loading_is_an_interruption_without_a_traceback(
    trained, start, loaded
):
    # Python names each module on stderr once it is loaded.
    environment = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}
    with subprocess.Popen(
        [*start, "runs"],
        cwd=trained,
        env=environment,
        text=True,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        for line in process.stderr:
            if line.partition("|")[2].partition("|")[2].strip() == loaded:
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    said = "".join(line for line in err.splitlines(True) if not line.startswith("import time:"))
    # Python itself ends so when it was interrupted inside `exec`; a shell tells both as 130.
    assert process.returncode in (130, -signal.SIGINT), err
    assert (said, out) == ("Interrupted.\n", "")


def test_what_was_recorded_can_be_asked_for_without_running_the_project_s_file(trained):
    file = trained / "project.py"
    text = file.read_text()
    run = json.loads(comporta(trained, "runs", "--json").stdout)[0]["id"]
    # As where a package it imports is not installed: what it made is there all the same.
    file.write_text("import no_such_package\n" + text)
    try:
        for words in ("models", "models tiny/1", "runs", f"show {run}", "store du", "store gc --dry-run"):
            done = comporta(trained, *words.split())
            assert done.returncode == 0, f"{words}: {done.stderr}"
        for words in ("rollback tiny", "release tiny/1 --at-once"):
            assert "no_such_package" not in comporta(trained, *words.split()).stderr
        for words in ("run", "check"):
            done = comporta(trained, words)
            assert done.returncode == 2 and "project.py:1: ModuleNotFoundError" in done.stderr
    finally:
        file.write_text(text)


def lines_of(text: str, said: CompletedCommand) -> set[str]:
    """What the lines begin with that are named as faults."""
    return {
        text.splitlines()[int(each.split(":")[1]) - 1].partition(" =")[0] for each in said.stdout.splitlines()
    }


def test_faults_of_a_declaration_are_listed_with_file_and_line_and_exit_code_3(tmp_path):
    text = PROJECT.replace('target="y"', 'target="a", metrics=("auc",)').replace('key="id"', "key=()")
    done = comporta(small(tmp_path, text), "check")
    assert done.returncode == 3, done.stderr
    assert lines_of(text, done) == {"model", "rows"}
    assert "'auc'" in done.stdout and done.stderr.strip() == "3 errors."


def test_faults_that_only_the_data_shows_are_listed_with_file_and_line(tmp_path):
    text = PROJECT.replace('target="y"', 'target="z"').replace('known=("a"', 'known=("c"')
    done = comporta(small(tmp_path, text), "check")
    assert done.returncode == 3, done.stderr
    assert lines_of(text, done) == {"model", "features"}


def test_a_feature_function_that_looks_at_other_rows_is_a_fault_that_names_the_column(tmp_path):
    text = PROJECT.replace(
        "def fit", "def mean(rows):\n    return rows.select(m=pl.col('a').mean())\n\ndef fit"
    )
    text = text.replace('known=("a", "b")', 'known=("a", "b"), compute=(mean,)')
    done = comporta(small(tmp_path, text), "check", "--json")
    assert done.returncode == 3, done.stderr
    (fault,) = json.loads(done.stdout)
    assert "m" in fault["message"] and lines_of(
        text, CompletedCommand(0, f"project.py:{fault['line']}:", "")
    ) == {"features"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("return LogisticRegression", "return Logistic", r"project\.py:14.*|NameError"),
        ("project = Project(", "project = Project(((", r"project\.py:\d+: "),
        ("import polars as pl", "import polar as pl", r"project\.py:3: ModuleNotFoundError"),
        ("number * 37 % 101", "number / 0 % nothing", r"NameError"),
    ],
)
def test_a_mistake_in_the_project_is_a_message_with_its_place_and_no_traceback(tmp_path, old, new, said):
    small(tmp_path, PROJECT.replace(old, new))
    done = comporta(tmp_path, "run")
    assert done.returncode == 2, done.stderr
    assert re.search(said, done.stderr) and "Traceback" not in done.stderr


def test_debug_shows_the_traceback_beside_the_message(tmp_path):
    done = comporta(tmp_path, "models", COMPORTA_DEBUG="1")
    assert done.returncode == 2 and "Traceback" in done.stderr and "comporta init" in done.stderr


def test_a_reader_that_leaves_is_no_error(trained):
    shell = f"set -o pipefail; {COMPORTA} models --json | head -c 1 > /dev/null"
    done = subprocess.run(["bash", "-c", shell], cwd=trained, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr


def test_a_script_beside_the_project_that_runs_it_does_not_run_inside_the_run(tmp_path):
    by_name = PROJECT.replace("import time", "import importlib").replace(
        "def fit(X, y):", "def fit(X, y):\n    importlib.import_module('script')"
    )
    small(tmp_path, by_name, executor="local://?workers=1")
    (tmp_path / "script.py").write_text("import comporta\ncomporta.load('.').run()\n")
    done = comporta(tmp_path, "run")
    assert done.returncode == 2 and "found a run inside a run" in done.stderr, done.stderr
    guarded = "import comporta\nif __name__ == '__main__':\n    comporta.load('.').run()\n"
    (tmp_path / "script.py").write_text(guarded)
    script = [sys.executable, "script.py"]
    assert subprocess.run(script, cwd=tmp_path, capture_output=True, check=False).returncode == 0


def test_the_installed_script_and_the_module_are_the_same_command(trained):
    for command in ([COMPORTA], [sys.executable, "-m", "comporta"]):
        done = subprocess.run(
            [*command, "models", "--json"], cwd=trained, capture_output=True, text=True, check=True
        )
        assert json.loads(done.stdout)[0]["model"] == "tiny"


def test_an_interrupted_run_is_one_line_and_leaves_no_process(tmp_path):
    slow = PROJECT.replace("return LogisticRegression", "time.sleep(60)\n    return LogisticRegression")
    small(tmp_path, slow, executor="local://?workers=1")
    process = subprocess.Popen(
        [COMPORTA, "run"], cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stderr is not None
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and "split tiny" not in process.stderr.readline():
            pass
        children = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(timeout=20) == 130
        assert rest.strip().splitlines()[-1].startswith("Interrupted") and "Traceback" not in rest
        _, alive = psutil.wait_procs(children, timeout=5)
        assert not alive
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert json.loads(comporta(tmp_path, "runs", "--json").stdout)[0]["outcome"] == "stopped"


def test_in_a_terminal_a_run_is_shown_live_and_results_are_drawn(trained):
    seen = in_terminal([COMPORTA, "run"], trained)
    assert "fit tiny" in seen and "reused" in seen
    drawn = in_terminal([COMPORTA, "models"], trained)
    assert "Versions" in drawn and "─" in drawn


def in_terminal(command: list[str], folder: Path) -> str:
    """All that a person would see."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvpe(command[0], command, {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"})
    seen = b""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1.0)[0]:
            continue
        try:
            part = os.read(terminal, 65536)
        except OSError:  # the other end is closed: it is over
            break
        if not part:
            break
        seen += part
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0, seen.decode()
    return seen.decode(errors="replace")
