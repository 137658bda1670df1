"""The pieces for GitHub, GitLab and pre-commit, run as those would run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from comporta.cli.init import make

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("ci") / "churn"
    make(folder, "churn")
    return folder


def bash(script: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=cwd,
        env={**os.environ, "PATH": path, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def run_step(project: Path, tmp_path: Path, command: str) -> subprocess.CompletedProcess[str]:
    steps = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    script = next(step["run"] for step in steps if step["name"] == "Run")
    return bash(
        script,
        project,
        COMMAND=command,
        RUNNER_TEMP=str(tmp_path),
        GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"),
    )


def test_the_action_tells_the_quick_gates_in_the_summary(project, tmp_path):
    done = run_step(project, tmp_path, "check --level commit")
    assert done.returncode == 0, done.stderr
    assert "leaving: roc_auc at least 0.7" in (tmp_path / "summary.md").read_text()


def test_the_action_runs_the_full_set_and_fetches_what_came_of_it(project, tmp_path):
    done = run_step(project, tmp_path, "run")
    assert done.returncode == 0, done.stderr
    assert "leaving/1 **may be released**" in (tmp_path / "summary.md").read_text()
    done = run_step(project, tmp_path, f"fetch leaving {tmp_path / 'model'}")
    assert done.returncode == 0, done.stderr
    assert {"model.bin", "signature.json", "version.json"} <= {
        file.name for file in (tmp_path / "model").iterdir()
    }


def test_a_failing_gate_fails_the_job_and_is_told_first(project, tmp_path):
    file = project / "project.py"
    text = file.read_text()
    file.write_text(text.replace('at_least("roc_auc", 0.70)', 'at_least("roc_auc", 0.99)'))
    try:
        done = run_step(project, tmp_path, "check --level commit")
    finally:
        file.write_text(text)
    assert done.returncode == 3
    assert (
        (tmp_path / "summary.md")
        .read_text()
        .splitlines()[2]
        .startswith("- ❌ **leaving: roc_auc at least 0.99")
    )


def test_the_gitlab_job_writes_the_verdicts_and_keeps_the_exit_code(project, tmp_path):
    job = yaml.safe_load((ROOT / "templates/comporta.gitlab-ci.yml").read_text())[".comporta"]
    lines = [line for line in job["script"] if not line.startswith("python -m pip")]
    done = bash(
        "\n".join(lines),
        project,
        **{**job["variables"], "COMPORTA_FOLDER": str(project), "CI_PROJECT_DIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert "leaving" in (tmp_path / "comporta.md").read_text()


def test_the_hook_is_a_command_that_exists(project):
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    done = bash(hook["entry"], project)
    assert done.returncode == 0, done.stderr
