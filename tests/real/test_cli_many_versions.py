"""Versions beside each other and one after another, variations, and readers that leave."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.real.test_cli import COMPORTA, PROJECT, CompletedCommand, comporta, small

VARIED = PROJECT.replace("def fit(X, y):", "def fit(X, y, *, strength=1.0):").replace(
    "max_iter=500", "max_iter=500, C=strength"
)


def document(said: CompletedCommand, code: int = 0):
    assert said.returncode == code, said.stderr
    return json.loads(said.stdout)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A version as declared, and two variations of it."""
    folder = small(tmp_path_factory.mktemp("many") / "small", VARIED)
    assert comporta(folder, "run").returncode == 0
    done = comporta(folder, "run", "--param", "strength=0.00001")
    assert done.returncode == 0 and "tiny/2" in done.stdout, done.stderr
    done = comporta(folder, "run", "tiny", "--param", "strength=0.5", "--set", "tiny.seed=3")
    assert done.returncode == 0 and "tiny/3" in done.stdout, done.stderr
    return folder


def test_a_variation_is_a_run_like_any_other_recorded_as_what_it_was(made):
    newest, middle, first = document(comporta(made, "runs", "--json"))
    assert first["command"] == "run" and middle["command"] == "run --param strength=0.00001"
    assert newest["command"] == "run tiny --param strength=0.5 --set tiny.seed=3"
    assert [each["versions"] for each in (first, middle, newest)] == [["tiny/1"], ["tiny/2"], ["tiny/3"]]
    assert newest["command"] in comporta(made, "show", newest["id"]).stdout
    assert newest["command"] in comporta(made, "runs").stdout


def test_what_is_declared_is_found_again_after_variations(tmp_path, made):
    folder = shutil.copytree(made, tmp_path / "copy")
    done = document(comporta(folder, "run", "--json"))
    assert done["versions"][0]["number"] == 1 and done["fresh"] == []


def test_a_name_that_cannot_be_set_is_one_message_that_names_what_can(made):
    done = comporta(made, "run", "--param", "strenth=1")
    assert done.returncode == 2 and done.stderr == "--param: found 'strenth', expected one of: strength.\n"
    assert len(document(comporta(made, "runs", "--json"))) == 3, "nothing was run"


def test_models_and_runs_show_how_metrics_went(made):
    for words in (("models",), ("models", "tiny"), ("runs",)):
        lines = comporta(made, *words).stdout.splitlines()
        (line,) = (each for each in lines if "roc_auc" in each)
        assert "1..3" in line and "tiny/" in line and max(map(len, lines)) <= 110
    metrics = [each["metrics"]["roc_auc"]["value"] for each in document(comporta(made, "models", "--json"))]
    assert len(metrics) == 3 and all(0.8 < each <= 1 for each in metrics)
    run = document(comporta(made, "runs", "--json"))[0]
    assert run["metrics"]["tiny/3"]["roc_auc"]["value"] == metrics[0]


def test_older_versions_are_counted_and_shown_where_they_are_asked_for(made):
    some = comporta(made, "models", "--limit", "1")
    assert "tiny/3" in some.stdout and "tiny/2" not in some.stdout
    assert "tiny has 2 older versions" in some.stderr
    done = comporta(made, "models", "tiny/4")
    assert done.returncode == 2 and "expected tiny/1 to tiny/3" in done.stderr
    for name in ("tiny/01", "tiny/", "tiny/1_0", "tiny/" + "9" * 30):
        assert comporta(made, "models", name).returncode == 2


def test_several_versions_or_runs_stand_beside_each_other(made):
    found = document(comporta(made, "compare", "tiny/1", "tiny/2", "tiny/3", "--json"))
    assert [each["number"] for each in found["versions"]] == [1, 2, 3] and found["same"]
    parameters = {each["name"]: each["values"] for each in found["parameters"]}
    assert parameters == {"strength": [None, 0.00001, 0.5], "seed": [0, 0, 3]}
    assert all(len(each["figures"]) == 3 for each in found["metrics"])
    assert all(len(each["statuses"]) == 3 for each in found["gates"])
    text = comporta(made, "compare", "tiny/1", "tiny/2", "tiny/3").stdout
    assert "strength" in text and "All 1 checks count the same" in text and "roc_auc" in text
    runs = [each["id"] for each in document(comporta(made, "runs", "--json"))]
    by_run = document(comporta(made, "compare", *reversed(runs), "--json"))
    assert [each["number"] for each in by_run["versions"]] == [1, 2, 3]
    two = comporta(made, "compare", "tiny/1", runs[0]).stdout
    assert two.startswith("Every check counts the same in both") and "strength" in two


@pytest.mark.parametrize(
    ("words", "said"),
    [(["tiny/1"], "found 1 versions, expected two or more"), (["1", "tiny/1"], "found no runs of id '1'")],
)
def test_what_cannot_be_compared_is_one_message(made, words, said):
    done = comporta(made, "compare", *words)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr


def test_a_release_of_what_serves_already_is_no_mistake(tmp_path, made):
    folder = shutil.copytree(made, tmp_path / "copy")
    assert comporta(folder, "release", "tiny/1").returncode == 0
    head = comporta(folder, "audit", "verify", "--ledger-only").stdout
    again = comporta(folder, "release", "tiny/1", "--by", "rui")
    assert again.returncode == 0 and "has all traffic already" in again.stdout
    assert document(comporta(folder, "release", "tiny/1", "--json"))["changed"] is False
    assert comporta(folder, "audit", "verify", "--ledger-only").stdout == head


@pytest.mark.parametrize(
    ("words", "code"),
    [(["--help"], 0), (["run", "--help"], 0), (["data"], 0), (["models", "--json"], 0), (["rum"], 2)],
    ids=["help", "help of run", "data", "models", "mistyped"],
)
def test_a_command_into_a_closed_pipe_ends_quietly_with_its_own_exit_code(made, words, code):
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [COMPORTA, *words], cwd=made, stdout=write, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(write)
    assert done.returncode == code
    assert (
        "Error" not in done.stderr and "Traceback" not in done.stderr and (done.stderr == "") == (code == 0)
    )


def test_a_run_whose_reader_left_is_done_all_the_same(tmp_path):
    folder = small(tmp_path / "small")
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run([COMPORTA, "run"], cwd=folder, stdout=write, stderr=write, check=False)
    finally:
        os.close(write)
    assert done.returncode == 0
    assert [each["outcome"] for each in document(comporta(folder, "runs", "--json"))] == ["done"]


COMPLETE = """
source "$1"
COMP_WORDS=(comporta "${@:2}") COMP_CWORD=$(($# - 1)) COMPREPLY=()
_comporta 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""


def test_bash_completes_commands_and_options(tmp_path):
    script = tmp_path / "completion.bash"
    done = comporta(tmp_path, "--install-completion", "--shell", "bash", "--output", str(script))
    assert done.returncode == 0 and str(script) in done.stdout, done.stderr

    def complete(*words: str) -> set[str]:
        said = subprocess.run(
            ["bash", "-c", COMPLETE, "bash", str(script), *words], capture_output=True, text=True, check=True
        )
        return set(said.stdout.split())

    assert {"release", "reproduce", "report"} <= complete("re") and "run" not in complete("re")
    assert "--param" in complete("run", "--p")
    assert {"list", "show", "versions"} <= complete("data", "")
    assert complete("gate", "late/1", "--level", "") == {"release", "audit"}
    assert complete("check", "--level", "") == {"commit"}


def test_completion_is_installed_where_the_shell_looks_for_it_once(tmp_path):
    home = {"HOME": str(tmp_path)}
    for _ in range(2):
        assert comporta(tmp_path, "--install-completion", "--shell", "bash", **home).returncode == 0
    script = tmp_path / ".local/share/bash-completion/completions/comporta"
    assert script.read_text() and (tmp_path / ".bashrc").read_text().count(str(script)) == 2  # one line
    wrong = comporta(tmp_path, "--install-completion", "--shell", "tcsh", **home)
    assert wrong.returncode == 2 and "bash" in wrong.stderr
    nowhere = comporta(tmp_path, "--install-completion", "--shell", "bash", "--output", "/proc/x/y")
    assert nowhere.returncode == 2 and "cannot be written" in nowhere.stderr


def test_a_check_without_a_key_gives_the_same_verdicts_each_time(tmp_path):
    folder = small(tmp_path / "small")
    (folder / "comporta.key").unlink()
    before = {each: each.read_bytes() for each in folder.rglob("*") if each.is_file()}
    first, second = (comporta(folder, "check", "--level", "commit", "--json") for _ in range(2))
    assert document(first)["models"] == document(second)["models"] != []
    assert (
        "a key, a ledger and a store of its own, for: key file://comporta.key: no such file" in first.stderr
    )
    after = {each: each.read_bytes() for each in folder.rglob("*") if each.is_file()}
    assert {each: text for each, text in after.items() if "__pycache__" not in each.parts} == before
    assert comporta(folder, "run").returncode == 2, "what is kept needs the key"
