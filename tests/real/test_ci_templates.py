"""The pieces for GitHub, GitLab and pre-commit, run as those would run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

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


def run_step(project: Path, tmp_path: Path, command: str, **env: str) -> subprocess.CompletedProcess[str]:
    steps = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    script = next(step["run"] for step in steps if step["name"] == "Run")
    return bash(
        script,
        project,
        COMMAND=command,
        RUNNER_TEMP=str(tmp_path),
        GITHUB_STEP_SUMMARY=str(tmp_path / "summary.md"),
        **env,
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


@pytest.fixture
def failing(project) -> Iterator[None]:
    """A project whose gate cannot be passed."""
    file = project / "project.py"
    text = file.read_text()
    file.write_text(text.replace('at_least("roc_auc", 0.70)', 'at_least("roc_auc", 0.99)'))
    yield
    file.write_text(text)


def test_a_failing_gate_fails_the_job_and_is_told_first(project, tmp_path, failing):
    done = run_step(project, tmp_path, "check --level commit")
    assert done.returncode == 3
    assert (
        (tmp_path / "summary.md")
        .read_text()
        .splitlines()[2]
        .startswith("- ❌ **leaving: roc_auc at least 0.99")
    )


GH = """#!/usr/bin/env python3
import json, os, pathlib, sys

words, kept = sys.argv[1:], pathlib.Path(os.environ["KEPT"])
comments = json.loads(kept.read_text()) if kept.exists() else {
    "6": ["mallory", os.environ["MARK"]], "7": ["github-actions[bot]", "of another workflow"]
}
if words[:2] == ["api", "user"]:
    sys.exit("HTTP 403: Resource not accessible by integration")
if "--method" not in words:
    assert ".user.login == $ENV.ME" in words[-1], words
    mine = [id for id, (by, body) in comments.items() if by == os.environ["ME"]]
    print("\\n".join(id for id in mine if comments[id][1].startswith(os.environ["MARK"])))
elif os.environ.get("READ_ONLY"):
    sys.exit("HTTP 403: Resource not accessible by integration")
else:
    method, address = words[words.index("--method") + 1 :][:2]
    body = pathlib.Path(words[words.index("--field") + 1].removeprefix("body=@")).read_text()
    assert address == f"repos/us/it/issues/{'5/comments' if method == 'POST' else 'comments/8'}", address
    comments["8"] = ["github-actions[bot]", body]
    kept.write_text(json.dumps(comments))
"""


def comment_step(tmp_path: Path, **env: str) -> subprocess.CompletedProcess[str]:
    steps = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    script = next(step["run"] for step in steps if step["name"] == "Comment")
    (tmp_path / "bin").mkdir(exist_ok=True)
    (tmp_path / "bin" / "gh").write_text(GH)
    (tmp_path / "bin" / "gh").chmod(0o755)
    told = {"GITHUB_WORKFLOW": "gates", "GITHUB_JOB": "quick", "GITHUB_REPOSITORY": "us/it", "NUMBER": "5"}
    told["PROJECT"] = "."
    where = {"RUNNER_TEMP": str(tmp_path), "KEPT": str(tmp_path / "kept.json")}
    return bash(f'PATH="{tmp_path}/bin:$PATH"\n{script}', tmp_path, **told, **where, **env)


def test_the_action_keeps_one_comment_up_to_date_and_leaves_the_others(tmp_path):
    for said in ("first", "second"):
        (tmp_path / "comporta.md").write_text(said)
        done = comment_step(tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads((tmp_path / "kept.json").read_text()) == {
            "6": ["mallory", "<!-- comporta gates quick . -->"],
            "7": ["github-actions[bot]", "of another workflow"],
            "8": ["github-actions[bot]", f"<!-- comporta gates quick . -->\n{said}"],
        }


def test_a_token_that_may_not_comment_is_warned_of_and_does_not_fail_the_job(tmp_path):
    (tmp_path / "comporta.md").write_text("said")
    done = comment_step(tmp_path, READ_ONLY="1")
    assert done.returncode == 0
    assert "::warning::The verdicts could not be told in the pull request" in done.stdout


def gitlab(project: Path, tmp_path: Path, command: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    job = yaml.safe_load((ROOT / "templates/comporta.gitlab-ci.yml").read_text())[".comporta"]
    lines = [line for line in job["script"] if not line.startswith("python -m pip")]
    given = {**job["variables"], "COMPORTA_FOLDER": str(project), "CI_PROJECT_DIR": str(tmp_path)}
    if command:
        given["COMPORTA_COMMAND"] = command
    return bash("\n".join(lines), project, **given, CI_JOB_NAME="quick", **env)


def test_the_gitlab_job_writes_the_verdicts_and_the_tests_it_declares(project, tmp_path):
    done = gitlab(project, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "leaving" in (tmp_path / "comporta.md").read_text()
    job = yaml.safe_load((ROOT / "templates/comporta.gitlab-ci.yml").read_text())[".comporta"]
    tests = ET.parse(tmp_path / job["artifacts"]["reports"]["junit"]).getroot()
    assert "leaving: roc_auc at least 0.7" in {case.attrib["name"] for case in tests.iter("testcase")}


def test_the_gitlab_job_keeps_the_exit_code_and_tells_a_failure_as_a_failing_test(project, tmp_path, failing):
    assert gitlab(project, tmp_path).returncode == 3
    tests = ET.parse(tmp_path / "comporta.xml").getroot()
    failures = {case.attrib["name"] for case in tests.iter("testcase") if case.find("failure") is not None}
    assert failures == {"leaving: roc_auc at least 0.99"}


def test_the_gitlab_job_runs_the_full_set_and_fetches_what_came_of_it(project, tmp_path):
    done = gitlab(project, tmp_path, "run leaving")
    assert done.returncode == 0, done.stderr
    tests = ET.parse(tmp_path / "comporta.xml").getroot()
    assert "leaving/1: roc_auc at least 0.7" in {case.attrib["name"] for case in tests.iter("testcase")}
    done = gitlab(project, tmp_path, f"fetch leaving {tmp_path / 'model'}")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "model" / "model.bin").exists()
    assert not (tmp_path / "comporta.md").exists(), "what the command before said is not told again"


COMMIT = "git init -q . && git add . && git -c user.name=n -c user.email=e commit -qm first --no-verify"


@pytest.fixture
def clone(tmp_path) -> Path:
    """The project as a runner gets it: what git leaves out is not there."""
    kept, cloned = tmp_path / "kept", tmp_path / "cloned"
    make(kept, "churn")
    done = bash(f"{COMMIT} && git clone -q . {cloned}", kept)
    assert done.returncode == 0, done.stderr
    assert (kept / "comporta.key").exists() and not (cloned / "comporta.key").exists()
    return cloned


ON = pytest.mark.parametrize(
    "on", [run_step, pytest.param(gitlab, marks=pytest.mark.soak)], ids=["github", "gitlab"]
)


@ON
def test_a_fresh_clone_is_checked_without_a_secret_and_the_teams_ledger_is_left_alone(clone, tmp_path, on):
    team = {
        "COMPORTA_LEDGER": f"sqlite:///{tmp_path}/team.db",
        "COMPORTA_STORE": f"file://{tmp_path}/team",
        "COMPORTA_SECRET": "",
    }
    for env in ({}, team, {"COMPORTA_KEY": "env://OURS", "OURS": ""}):
        done = on(clone, tmp_path, "check --level commit", **env)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "roc_auc at least 0.7" in (tmp_path / "comporta.md").read_text()
        assert "a store of its own, for: " in done.stdout + done.stderr
    assert not list(tmp_path.glob("team*"))
    assert bash("git status --porcelain", clone).stdout == ""


@ON
def test_a_clone_without_the_key_runs_nothing_and_says_what_to_set(clone, tmp_path, on):
    done = on(clone, tmp_path, "run")
    assert done.returncode not in (0, 3)
    assert "on a CI runner, set COMPORTA_KEY" in done.stderr


@pytest.mark.soak
@ON
def test_with_the_teams_secret_one_clone_pushes_and_another_fetches_by_commit(clone, tmp_path, on):
    secret = bash("comporta key export", tmp_path / "kept").stdout.strip()
    sha = bash("git rev-parse HEAD", clone).stdout.strip()
    team = {
        "COMPORTA_LEDGER": f"sqlite:///{tmp_path}/team.db",
        "COMPORTA_STORE": f"file://{tmp_path}/team",
        "COMPORTA_SECRET": secret,
    }
    done = on(clone, tmp_path, "run", **team)
    assert done.returncode == 0, done.stdout + done.stderr
    other = tmp_path / "other"
    assert bash(f"git clone -q {clone} {other}", tmp_path).returncode == 0
    done = on(other, tmp_path, f"fetch leaving@{sha} {tmp_path / 'model'}", **team)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "model" / "version.json").read_text())["commit"] == sha
    # A check with the secret works on the team's ledger, and knows what was asked there.
    done = on(other, tmp_path, "check --level commit", **team)
    assert (done.returncode, "of its own" in done.stdout + done.stderr) == (0, False), (
        done.stdout + done.stderr
    )


class Notes(BaseHTTPRequestHandler):
    """A merge request's notes, more than one page of them, as GitLab answers for them."""

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def do_GET(self) -> None:
        if self.path == "/api/v4/user":
            self._say({"id": 1})
            return
        query = parse_qs(urlsplit(self.path).query)
        size, page = int(query["per_page"][0]), int(query["page"][0])
        some = list(self.server.notes.items())[size * (page - 1) : size * page]
        self._say([{"id": id, "body": body, "author": {"id": by}} for id, (by, body) in some])

    def do_POST(self) -> None:
        self._keep(len(self.server.notes))

    def do_PUT(self) -> None:
        self._keep(int(self.path.rpartition("/")[2]))

    def _keep(self, id: int) -> None:
        assert self.headers["PRIVATE-TOKEN"] == "secret"
        assert self.path.startswith("/api/v4/projects/11/merge_requests/5/notes")
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
        self.server.notes[id] = (1, body)
        self.server.ways.append(self.command)
        self._say({"id": id, "body": body})

    def _say(self, value: object) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())


def test_the_gitlab_job_keeps_one_note_up_to_date_and_leaves_the_others(project, tmp_path):
    with ThreadingHTTPServer(("127.0.0.1", 0), Notes) as server:
        server.notes, server.ways = dict.fromkeys(range(119), (1, "by the same token")), []
        server.notes[119] = (2, "<!-- comporta quick -->\n by somebody else")
        Thread(target=server.serve_forever, daemon=True).start()
        told = {
            "COMPORTA_TOKEN": "secret",
            "CI_MERGE_REQUEST_IID": "5",
            "CI_PROJECT_ID": "11",
            "CI_API_V4_URL": f"http://127.0.0.1:{server.server_port}/api/v4",
        }
        for number in (1, 2):
            done = gitlab(project, tmp_path, "check", **told)
            assert (done.returncode, len(server.notes)) == (0, 121), done.stderr
            assert server.notes[120][1].startswith("<!-- comporta quick -->\n### "), number
        assert server.ways == ["POST", "PUT"]
        server.shutdown()
    done = gitlab(project, tmp_path, "check", **told)
    assert done.returncode == 0, "whether the note is written says nothing of the gates"
    assert "The note could not be written" in done.stdout


def test_the_hook_runs_where_the_projects_own_packages_are(tmp_path):
    hooks, project = tmp_path / "hooks", tmp_path / "churn"
    make(project, "churn")
    (tmp_path / "ours" / "our_own_package.py").parent.mkdir()
    (tmp_path / "ours" / "our_own_package.py").touch()
    file = project / "project.py"
    file.write_text(f"import our_own_package\n{file.read_text()}")
    hooks.mkdir()
    (hooks / ".pre-commit-hooks.yaml").write_text((ROOT / ".pre-commit-hooks.yaml").read_text())
    rev = bash(f"{COMMIT} && git rev-parse HEAD", hooks).stdout.strip()
    config = {"repos": [{"repo": hooks.as_uri(), "rev": rev, "hooks": [{"id": "comporta"}]}]}
    (project / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    assert bash(COMMIT, project).returncode == 0
    own = {"PRE_COMMIT_HOME": str(tmp_path / "kept"), "PYTHONPATH": str(tmp_path / "ours")}
    done = bash("pre-commit run --all-files --verbose", project, **own)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no quick gate fails on a sample" in done.stdout
    file.write_text(file.read_text().replace('at_least("roc_auc", 0.70)', 'at_least("roc_auc", 0.99)'))
    done = bash("pre-commit run --all-files", project, **own)
    assert done.returncode == 1
    assert "roc_auc at least 0.99" in done.stdout
