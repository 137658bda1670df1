"""What the commands on versions print, as one JSON document and as text: two versions, one check waived."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from tests.real.test_cli import PROJECT, CompletedCommand, comporta, small

WAIVED, LATER = "roc_auc at least 1.1", "roc_auc at least 0.8"
ID = "limit?metric=roc_auc&at_least=1.1"
TWO = PROJECT.replace("Model, Project", "Model, Person, Project").replace(
    "models=(model,)", 'models=(model,), people=(Person("rui", "validator"),)'
)
WIDE = """
from comporta.checks import accept
from comporta.records import Figure

def wide(rows):
    return Figure(metric="importance", value=0.5, low=0.2, high=0.8, rows=rows.height)

model = """


def document(said: CompletedCommand, code: int = 0):
    """What was printed, which must be one JSON document and nothing else."""
    assert said.returncode == code, said.stderr
    return json.loads(said.stdout)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """The first version fails one check, the second of another fit is asked a looser one."""
    folder = small(tmp_path_factory.mktemp("versions") / "small", TWO.replace("0.8)", "1.1)"))
    assert comporta(folder, "run").returncode == 3
    (folder / "project.py").write_text(TWO.replace("max_iter=500", "max_iter=500, C=0.00001"))
    done = comporta(folder, "run")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def waived(made, tmp_path) -> Path:
    """A copy in which the check that failed may stand open, and which may be changed."""
    folder = shutil.copytree(made, tmp_path / "copy")
    words = ("waive", "tiny/1", WAIVED, "--reason", "a trial", "--until", "2099-01-31", "--by", "rui")
    found = document(comporta(folder, *words, "--json"))
    (waiver,) = found["waivers"]
    assert (found["number"], found["state"]) == (1, "passed")
    assert (waiver["check"], waiver["by"], waiver["outcome"]) == (ID, "rui", "fail")
    assert waiver["until"].startswith("2099-01-31")
    return folder


def test_a_comparison_as_json_holds_each_verdict_with_its_limit_and_waiver(waived):
    found = document(comporta(waived, "compare", "tiny/1", "tiny/2", "--json"))
    assert (found["a"]["number"], found["b"]["number"], found["same"]) == (1, 2, True)
    metrics = {each["name"]: each for each in found["metrics"]}
    assert 0 < metrics["log_loss"]["a"]["value"] < metrics["log_loss"]["b"]["value"]
    gates = {each["name"]: each for each in found["gates"]}
    first, second = gates[WAIVED], gates[LATER]
    assert (first["said"], second["said"]) == ("fail, waived → not asked", "not asked → pass")
    verdict = first["a"]["verdict"]
    assert (verdict["limit"], verdict["check"], verdict["title"]) == (1.1, ID, WAIVED)
    assert verdict["reason"].endswith("expected at least 1.1.")
    assert verdict["reason_code"]["code"] == "gate.sentence"
    assert first["a"]["verdict"]["figure"]["value"] == metrics["roc_auc"]["a"]["value"]
    assert first["a"]["waiver"]["by"] == "rui" and first["a"]["waiver"]["until"].startswith("2099-01-31")
    assert first.get("b") is None and second["b"]["verdict"]["outcome"] == "pass"


def test_a_comparison_as_text_tells_who_waived_until_when_and_what_it_was_before(waived):
    text = comporta(waived, "compare", "tiny/1", "tiny/2").stdout
    assert text.startswith("What differs between tiny/1 and tiny/2\n")
    assert max(map(len, text.splitlines())) <= 100, "as wide as a terminal, where there is none"
    words = " ".join(text.split())
    assert f"{WAIVED}: fail, waived → not asked tiny/1: " in words and "expected at least 1.1." in words
    assert f"{LATER}: not asked → pass tiny/2: " in words
    assert "Waived until 2099-01-31 by rui, validator: a trial. It was fail then." in words
    assert "It is fail now." in words


def test_a_verdict_carried_on_is_told_as_such_in_a_comparison(waived):
    text = (waived / "project.py").read_text()
    (waived / "project.py").write_text(text.replace("0.8)", "0.7)"))
    # The first was asked 1.1 when it was made: a looser check beside it takes nothing back.
    assert comporta(waived, "gate", "tiny/1").returncode == 0
    found = document(comporta(waived, "compare", "tiny/1", "tiny/2", "--json"))
    gates = {each["name"]: each for each in found["gates"]}
    assert gates[WAIVED]["a"]["verdict"]["carried"] is True
    assert gates[WAIVED]["said"] == "fail, carried on, waived → not asked"
    assert "it still counts" in " ".join(comporta(waived, "compare", "tiny/1", "tiny/2").stdout.split())


def test_a_comparison_in_a_terminal_of_100_columns_breaks_no_figure_and_no_verdict(waived):
    command = [sys.executable, "-m", "comporta", "compare", "tiny/1", "tiny/2"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command, cwd=waived, stdout=theirs, stderr=subprocess.PIPE,
        env={**os.environ, "COLUMNS": "100", "TERM": "xterm"},
    ) as process:  # fmt: skip
        os.close(theirs)
        said = b""
        try:
            while part := os.read(ours, 65536):
                said += part
        except OSError:  # The other end is closed.
            pass
        assert process.wait(60) == 0, process.stderr.read()
    lines = re.sub(r"\x1b\[[0-9;]*m", "", said.decode()).splitlines()
    assert max(map(len, lines)) <= 100
    assert any(each.rstrip() == f"{WAIVED}: fail, waived → not asked" for each in lines), lines


def test_a_gate_as_json_holds_the_run_and_the_verdicts(made):
    found = document(comporta(made, "gate", "tiny/2", "--json"))
    assert found["fresh"] is False and found["run"]["id"]
    (verdict,) = found["version"]["verdicts"]
    assert (verdict["title"], verdict["outcome"], verdict["required"]) == (LATER, "pass", True)


def test_a_report_as_json_holds_what_closes_and_by_which_waiver_it_does_not(made, waived):
    (shut,) = document(comporta(made, "report", "tiny/1", "--json"), 3)["told"]
    assert (shut["verdict"]["outcome"], shut.get("waiver")) == ("fail", None)
    (open_,) = document(comporta(waived, "report", "tiny/1", "--json"))["told"]
    assert (open_["verdict"]["outcome"], open_["waiver"]["by"]) == ("fail", "rui")


def test_a_fetch_as_json_names_the_files_that_are_there(made, tmp_path):
    found = document(comporta(made, "fetch", "tiny/2", str(tmp_path / "model"), "--json"))
    assert (found["version"], found["state"]) == ("tiny/2", "passed")
    assert {Path(each) for each in found["files"]} == set((tmp_path / "model").iterdir())


def test_the_quick_gates_tell_a_required_check_left_open_as_required_everywhere(made, tmp_path):
    folder = shutil.copytree(made, tmp_path / "copy")
    text = (folder / "project.py").read_text().replace("\nmodel = ", WIDE)
    (folder / "project.py").write_text(
        text.replace("0.8),", '0.8), accept(wide, at_least=0.5, level="commit"),')
    )
    files = (tmp_path / "said.md", tmp_path / "said.xml")
    words = ("check", "--level", "commit", "--out", str(files[0]), "--out", str(files[1]))
    found = document(comporta(folder, *words, "--json"))
    assert found["run"]["id"]
    (model,) = found["models"]
    (sure, doubt) = sorted(model["verdicts"], key=lambda each: each["outcome"], reverse=True)
    assert (sure["title"], sure["outcome"]) == (LATER, "pass")
    assert (doubt["outcome"], doubt["required"]) == ("inconclusive", True)
    assert (model["model"], model["left"]) == ("tiny", [doubt["check"]])

    brief = comporta(folder, *words[:3])
    assert "1/2 required passed, 1 decided at a deeper level." in brief.stdout
    plain = comporta(folder, *words[:3], "--verbose")
    assert plain.returncode == 0 and "inconclusive on it: 1;" in plain.stderr
    assert "inconclusive (not blocking)" in plain.stdout
    for said in (plain.stdout, *(file.read_text() for file in files)):
        assert "Required, not blocking here: decided at the level release" in " ".join(said.split())
        assert "Informational" not in said
    suites = ET.parse(files[1]).getroot()
    assert suites.attrib["failures"] == "0" and len(suites.findall(".//skipped")) == 1
