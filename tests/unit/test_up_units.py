"""The files that `comporta up --print` prints work: systemd's own verifier and a YAML reader read them."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from comporta.acts.up.part import UpOptions
from comporta.acts.up.unit_files import unit_file, up_words
from comporta.acts.up.up import without_missing_extras
from comporta.cli import main
from comporta.errors import BadProject

HARD = 'a b%c$d"e'


@pytest.mark.parametrize("name", ["plain", HARD])
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd's verifier is not here")
def test_systemd_verifies_the_unit(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    unit = tmp_path / "comporta.service"
    unit.write_text(unit_file("systemd", folder / "project.py", UpOptions(port=9090)))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    # Without a running systemd it may say more, of itself; of this unit nothing.
    assert "comporta.service" not in done.stderr, done.stderr


def test_the_unit_ends_the_supervisor_alone_and_does_not_repeat_a_mistake(tmp_path: Path) -> None:
    text = unit_file("systemd", tmp_path / "project.py", UpOptions())
    assert "KillMode=mixed" in text and "RestartPreventExitStatus=2" in text
    (start,) = (line for line in text.splitlines() if line.startswith("ExecStart="))
    words = shlex.split(start.removeprefix("ExecStart="))
    assert words[1:] == ["-P", "-m", "comporta", "up", "--project", f"{tmp_path}/project.py"]


@pytest.mark.parametrize("name", ["plain", HARD])
def test_compose_is_yaml_that_asks_for_the_same(tmp_path: Path, name: str) -> None:
    options = UpOptions(host="0.0.0.0", port=9090, workers=2, tokens=True)
    text = unit_file("compose", tmp_path / name / "project.py", options)
    service = yaml.safe_load(text)["services"]["comporta"]
    assert service["command"] == [
        "comporta", "up", "--project", "/project/project.py", "--host", "0.0.0.0", "--port", "9090",
        "--workers", "2", "--tokens", "--control-host", "0.0.0.0",
    ]  # fmt: skip
    # Others reach the server; the control process only whoever is on this machine.
    assert service["ports"] == ["0.0.0.0:9090:9090", "127.0.0.1:8081:8081"]
    assert service["volumes"][0]["source"] == str(tmp_path / name).replace("$", "$$")
    assert "control" in service["build"]["dockerfile_inline"]
    compile(service["healthcheck"]["test"][3], "health", "exec")


def test_without_the_control_process_nothing_of_it_is_printed(tmp_path: Path) -> None:
    service = yaml.safe_load(unit_file("compose", tmp_path / "project.py", UpOptions(control=False)))
    assert len(service["services"]["comporta"]["ports"]) == 1
    assert "[control]" not in service["services"]["comporta"]["build"]["dockerfile_inline"]


def test_what_such_a_file_cannot_hold_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(BadProject, match="control character"):
        unit_file("systemd", tmp_path / "a\nb" / "project.py", UpOptions())
    with pytest.raises(BadProject, match="certificate"):
        unit_file("compose", tmp_path / "project.py", UpOptions(tls_cert="/c", tls_key="/k"))


def test_without_its_extra_the_control_process_is_left_out_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines: list[str] = []
    assert without_missing_extras(UpOptions(), lines.append).control and not lines
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert not without_missing_extras(UpOptions(), lines.append).control
    assert lines == [
        "without it: the control process needs litestar, which is not installed. Install it: "
        "pip install 'comporta[control]'."
    ]
    assert not without_missing_extras(UpOptions(control=False), lines.append).control and len(lines) == 1


def test_words_leave_out_what_is_usual() -> None:
    assert up_words(UpOptions()) == []
    assert up_words(UpOptions(durable=True, control=False)) == ["--durable", "--no-control"]


def test_the_command_prints_it_and_starts_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--print", "compose", "--project", str(folder)]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["services"].keys() == {"comporta"}
    assert not (folder / ".comporta" / "up").exists()
