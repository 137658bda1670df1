"""`comporta up` as a user has it: real processes, killed in the middle, a real branch, a real client of the
feed."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from comporta.acts.build.run import run
from comporta.acts.release.release import release, rollback
from comporta.acts.tokens.tokens import add
from comporta.acts.up.checkouts import check_out, newest_commit
from comporta.acts.up.code_follower import CodeFollower
from comporta.acts.up.folder import UpFolder
from comporta.acts.up.git import Git
from comporta.acts.up.status import UpStatus, status
from comporta.cli import main
from comporta.errors import Busy, Refused
from comporta.opened.deployed import CurrentCode, current_code, open_deployed
from comporta.opened.project import now, open_project
from comporta.project.code_branch import CodeBranch

PATIENCE = 300.0
"""Seconds until a test gives up: the machine may be busy. Nothing waits for so long where all is well."""


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in found:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in found]


class RunningUp:
    """`comporta up` of a folder, in a process of its own; its lines are read as they come."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder, self.lines = folder, list[str]()
        self.port, self.control = free_ports(2)
        self._news = threading.Condition()
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "comporta", "up", "--project", str(folder), "--port", str(self.port),
                "--workers", "1", "--control-port", str(self.control), *words,
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            process_group=0,
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._news:
                self.lines.append(line.rstrip())
                self._news.notify_all()

    def wait_line(self, pattern: str, count: int = 1) -> str:
        """The line that matches, so many of them, once it was written."""
        with self._news:
            found = self._news.wait_for(
                lambda: [each for each in self.lines if re.search(pattern, each)][count - 1 :], PATIENCE
            )
        assert found, f"no line {pattern!r} in {self.lines}"
        return found[0]

    def wait_answering(self, count: int = 1) -> None:
        self.wait_line(r"^server  \| Comporta serves on", count)
        self.wait_line(r"^control \| The control process answers", count)

    def status(self) -> UpStatus:
        return status(UpFolder(self.folder))

    def pid(self, name: str) -> int:
        (found,) = (each.pid for each in self.status().parts if each.name == name)
        return found

    def ready(self) -> bool:
        return httpx.get(f"http://127.0.0.1:{self.port}/v2/health/ready").json()["ready"] is True

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@pytest.fixture
def up(folder: Path) -> Iterator[Callable[..., RunningUp]]:
    started: list[RunningUp] = []

    def start(*words: str, where: Path = folder) -> RunningUp:
        started.append(RunningUp(where, *words))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.send_signal(signal.SIGTERM)
            each.process.wait(PATIENCE)
        main(["down", "--grace", "5s", "--project", str(each.folder)])


def until(true: Callable[[], bool]) -> None:
    """Polls where no event tells; fails after `PATIENCE`."""
    ends = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_one_command_runs_all_with_one_log_and_answers_on_while_the_rest_is_dead(
    up: Callable[..., RunningUp], capsys: pytest.CaptureFixture[str]
) -> None:
    running = up()
    running.wait_answering()
    assert running.ready()
    assert "code: builds come from this folder" in running.wait_line("code:")
    # A second one of the same project: one clear error, and nothing is started.
    assert main(["up", "--project", str(running.folder)]) == 2
    assert f"up already (process {running.process.pid}" in capsys.readouterr().err
    # The control process is killed: requests are answered meanwhile, and it begins again in a second.
    os.kill(running.pid("control"), signal.SIGKILL)
    line = running.wait_line("control ended")
    assert line == (
        "up      | control ended: it died of SIGKILL. The system ran out of memory, or someone killed it. It "
        "is "
        "started again in 1 s; server, steer, worker go on."
    )
    assert running.ready()
    until(lambda: running.status().parts[1].restarts == 1)
    assert running.status().parts[0].restarts == 0
    assert main(["status", "--project", str(running.folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["up"] and [each["name"] for each in told["parts"]] == [
        "server", "control", "steer", "worker",
    ]  # fmt: skip
    assert main(["down", "--project", str(running.folder)]) == 0
    assert running.process.wait(PATIENCE) == 0
    assert "everything has ended" in running.lines[-1]
    log = UpFolder(running.folder).log.read_text().splitlines()
    assert [each.split(maxsplit=2)[1:] for each in log] == [
        [each.split("|")[0].strip(), each.split("|", 1)[1].strip()] for each in running.lines
    ]
    capsys.readouterr()
    assert main(["down", "--project", str(running.folder)]) == 0
    assert capsys.readouterr().out == "Nothing is up.\n"


@pytest.mark.soak
def test_the_server_answers_on_when_the_supervisor_is_killed_and_the_next_one_takes_its_place(
    up: Callable[..., RunningUp],
) -> None:
    running = up("--no-control")
    running.wait_line(r"^server  \| Comporta serves on")
    server = running.pid("server")
    running.process.kill()
    running.process.wait()
    assert running.ready()
    # The worker ends, as its standard input does.
    until(lambda: [each.state for each in running.status().parts] == ["unsupervised", "dead", "dead"])
    after = RunningUp(running.folder, "--no-control")
    try:
        after.wait_line("server ran on from before")
        after.wait_line(r"^server  \| Comporta serves on")
        assert after.ready() and after.pid("server") != server
        assert after.end() == 0
    finally:
        after.process.kill()


def test_a_port_in_use_is_one_clear_error_before_anything_is_started(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        (other,) = map(str, free_ports(1))
        for words, option in (
            (["--port", port, "--control-port", other], "--port"),
            (["--port", other, "--control-port", port], "--control-port"),
        ):
            assert main(["up", "--project", str(folder), *words]) == 2
            said = capsys.readouterr().err
            assert f"127.0.0.1:{port}: cannot listen there" in said
            assert f"Choose another with {option}." in said and "server  |" not in said
    assert main(["up", "--project", str(folder), "--port", other, "--control-port", other]) == 2
    assert "which is the server's" in capsys.readouterr().err


def test_what_cannot_be_run_together_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPORTA_LEDGER", "memory://")
    monkeypatch.setenv("COMPORTA_STORE", "memory://")
    assert main(["up", "--project", str(folder)]) == 2
    assert "lies in one process, and several" in capsys.readouterr().err


@pytest.mark.soak
def test_a_project_with_nothing_released_waits_for_its_first_release(
    up: Callable[..., RunningUp], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.real.test_cli import comporta, small

    folder = small(tmp_path / "new")
    assert comporta(folder, "run").returncode == 0
    running = up("--no-control", where=folder)
    running.wait_line(r"^server  \| Comporta serves on")
    assert not running.ready()
    assert comporta(folder, "release", "tiny/1").returncode == 0
    running.wait_line("tiny: version 1 answers")
    assert running.ready()
    assert running.end() == 0


@pytest.mark.soak
def test_the_feed_goes_on_where_it_was_and_keeps_nobody_from_ending(
    up: Callable[..., RunningUp], folder: Path
) -> None:
    with open_project(folder) as opened:
        token = add(opened, "mine", actions=("act",), by="rui").text
        last = opened.ledger.head().seq
    running = up()
    running.wait_answering()
    url = f"http://127.0.0.1:{running.control}/events"
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(timeout=PATIENCE) as client:
        first = _events(client, url, headers | {"last-event-id": str(last - 3)}, 3)
        assert [each["seq"] for each in first] == [last - 2, last - 1, last]
        # From the beginning: every event, each number once, the bodies as they are stored.
        every = _events(client, f"{url}?after=0", headers, last)
        assert [each["seq"] for each in every] == list(range(1, last + 1))
        with client.stream("GET", f"{url}?after={last}", headers=headers) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            with open_project(running.folder) as opened:
                rollback(opened, "leaving", by="rui", reason="for the test")
            (event,) = _read_events(stream, 1)
            assert event["kind"] == "version.released" and event["seq"] == last + 1
            assert running.end() == 0  # an open feed keeps nobody from ending


def _events(client: httpx.Client, url: str, headers: dict[str, str], count: int) -> list[dict[str, Any]]:
    with client.stream("GET", url, headers=headers) as stream:
        assert stream.status_code == 200
        return _read_events(stream, count)


def _read_events(stream: httpx.Response, count: int) -> list[dict[str, Any]]:
    found = []
    for line in stream.iter_lines():
        if line.startswith("data: "):
            found.append(json.loads(line.removeprefix("data: ")))
            if len(found) == count:
                return found
    raise AssertionError(f"the feed ended after {found}")


# The branch.

GIT = ["git", "-c", "user.name=ana", "-c", "user.email=ana@example.com", "-c", "commit.gpgsign=false"]
PROJECT = """
from comporta import Dataset, Features, Model, Project, at_least, at_random

def rows():
    import polars as pl
    x = [float(i % 7) for i in range(200)]
    return pl.DataFrame({"id": range(200), "x": x, "y": [each > 3 for each in x]})

def fit(X, y):
    from sklearn.linear_model import LogisticRegression
    return LogisticRegression(C=1.0).fit(X, y)

data = Dataset("data", rows, key="id")
tiny = Model(
    "tiny", features=Features("f", of=data, known=("x",)), target="y", fit=fit, split=at_random(0.25),
    gates=(at_least("accuracy", 0.5),),
)
project = Project("tiny", models=(tiny,))
"""


class Repository:
    """A repository that people push to, and the folder of a project that runs its branch."""

    def __init__(self, folder: Path, where: Path) -> None:
        self.folder, self.home = folder, where
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch", "main", ".")
        self.first = self.commit(PROJECT)
        self.branch = CodeBranch(url=f"file://{folder}", branch="main")
        where.mkdir()
        assert main(["init", str(where)]) == 0
        (where / "project.py").write_text("raise SystemExit('people edit this, and it is never built')\n")
        (where / "comporta.toml").write_text(
            f'executor = "inline://"\n[code]\nfrom = "git+file://{folder}#main"\nevery = "1h"\n'
        )
        self.lines: list[str] = []
        self.changes = 0
        self.up_folder = UpFolder(where)
        self.up_folder.path.mkdir(parents=True, exist_ok=True)

    def git(self, *words: str) -> str:
        return subprocess.run(
            [*GIT, *words], cwd=self.folder, check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(self, text: str, name: str = "project.py") -> str:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "change")
        return self.git("rev-parse", "HEAD")

    def follower(self) -> CodeFollower:
        def change() -> None:
            self.changes += 1

        return CodeFollower(
            self.branch,
            self.up_folder,
            self.home,
            "project.py",
            now=now,
            say=self.lines.append,
            on_change=change,
        )

    def current(self) -> CurrentCode:
        found = current_code(self.home)
        assert found is not None
        return found


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository", tmp_path / "home")


def test_the_last_commit_that_loads_stays(repository: Repository) -> None:
    """The short form of the one below."""
    repository.commit("gone(")
    follower = repository.follower()
    follower.look()
    assert repository.current().commit == "" and "project.py:1:" in repository.current().why
    assert "nothing can be built: project.py:1:" in repository.lines[0] and repository.changes == 0
    with pytest.raises(Refused, match="has loaded yet"):
        open_deployed(repository.home)


@pytest.mark.soak
def test_builds_come_from_a_clean_checkout_and_each_run_has_its_commit(repository: Repository) -> None:
    with pytest.raises(Refused, match=r"no commit of file://.* has loaded yet"):
        open_deployed(repository.home)
    follower = repository.follower()
    follower.look()
    assert repository.lines == [
        f"code: builds come from commit {repository.first[:12]} of {repository.branch.display_text}."
    ]
    with open_deployed(repository.home) as opened:
        report = run(opened)
        assert (report.run.commit, report.run.dirty) == (repository.first, False)
        assert (report.versions[0].commit, report.versions[0].dirty) == (repository.first, False)
        assert opened.root == repository.home / ".comporta" / "code" / repository.first
        release(opened, "tiny/1", by="ana")
    # Facts and bytes lie where the project runs, and nothing in the checkout.
    assert (repository.home / ".comporta" / "ledger.db").exists()
    assert not (opened.root / ".comporta").exists()
    # A later commit that changes nothing of a model's code trains nothing again, and is recorded.
    second = repository.commit("# only a comment\n" + PROJECT)
    follower.look()
    with open_deployed(repository.home) as opened:
        report = run(opened)
        assert report.run.commit == second and report.fresh == ()
    assert repository.changes == 2


@pytest.mark.soak
def test_a_commit_that_does_not_load_is_said_once_and_the_last_good_one_stays(repository: Repository) -> None:
    follower = repository.follower()
    follower.look()
    broken = repository.commit(PROJECT.replace("at_least(", "at_leats("))
    follower.look()
    follower.look()
    where = f"commit {broken[:12]} of {repository.branch.display_text}"
    expected = f"code: {where} does not load, {repository.first[:12]} stays: project.py:"
    assert repository.lines[1].startswith(expected) and "name 'at_leats'" in repository.lines[1]
    assert len(repository.lines) == 2
    assert (repository.current().commit, repository.current().refused) == (repository.first, broken)
    # What exits, hangs or kills its process while it is read harms nobody.
    ended = repository.commit("import os\nos.kill(os.getpid(), 9)\n")
    follower.look()
    assert repository.current().refused == ended and "died of SIGKILL" in repository.current().why
    ended = repository.commit("import os\nprint('{}')\nos._exit(0)\n")
    follower.look()
    assert repository.current().refused == ended and "exit code 0" in repository.current().why
    good = repository.commit(PROJECT + "\n# mended\n")
    follower.look()
    assert (repository.current().commit, repository.current().refused) == (good, "")


@pytest.mark.soak
def test_a_branch_that_is_gone_or_a_repository_that_does_not_answer_is_said_once(
    repository: Repository,
) -> None:
    follower = repository.follower()
    follower.look()
    repository.git("branch", "--move", "main", "other")
    follower.look()
    follower.look()
    assert repository.lines[1:] == [
        f"code: the branch cannot be looked at, {repository.first[:12]} stays: "
        f"{repository.branch.display_text}: "
        "found no branch of this name there."
    ]
    repository.folder.rename(repository.folder.with_name("away"))
    follower.look()
    assert "git ls-remote failed: fatal:" in repository.lines[2]
    # Another supervisor later, with the network still down: the commit is known.
    later = repository.follower()
    assert later.current.commit == repository.first


def test_a_checkout_that_somebody_edited_is_made_anew(repository: Repository) -> None:
    git = Git()
    commit, folder = check_out(git, repository.branch, repository.home)
    (folder / "project.py").write_text("edited")
    (folder / "more.py").write_text("added")
    assert check_out(git, repository.branch, repository.home) == (commit, folder)
    assert (folder / "project.py").read_text() == PROJECT and not (folder / "more.py").exists()
    # Half of one, as of a process that was killed, is in nobody's way.
    shutil.rmtree(folder)
    (folder.parent / "next.draft").mkdir()
    assert check_out(git, repository.branch, repository.home) == (commit, folder)


def test_no_hook_runs_and_no_submodule_is_fetched(repository: Repository, tmp_path: Path) -> None:
    hook = repository.folder / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    template = tmp_path / "template" / "hooks"
    template.mkdir(parents=True)
    shutil.copy(hook, template / "post-checkout")
    config = tmp_path / "gitconfig"
    config.write_text(f"[init]\n\ttemplateDir = {tmp_path}/template\n[core]\n\thooksPath = {template}\n")
    repository.git(
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "--quiet",
        f"file://{repository.folder}",
        "sub",
    )
    repository.git("commit", "--quiet", "--message", "sub")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(config))
        _, folder = check_out(Git(), repository.branch, repository.home)
    assert not (tmp_path / "ran").exists()
    assert not list((folder / "sub").iterdir())


@pytest.mark.soak
def test_git_is_ended_when_it_takes_too_long_or_the_supervisor_ends(
    repository: Repository, tmp_path: Path
) -> None:
    stuck = tmp_path / "bin" / "git"
    stuck.parent.mkdir()
    stuck.write_text("#!/bin/sh\nsleep 600 & wait\n")
    stuck.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{stuck.parent}:{os.environ['PATH']}")
        slow, stopped = Git(seconds=0.1), Git()
    with pytest.raises(Busy, match=r"longer than 0\.1 s"):
        newest_commit(slow, repository.branch)
    refusals: list[Busy] = []

    def ask() -> None:
        try:
            newest_commit(stopped, repository.branch)
        except Busy as error:
            refusals.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    until(lambda: stopped._process is not None)
    stopped.stop()
    thread.join(PATIENCE)
    assert not thread.is_alive() and refusals
    with pytest.raises(Busy, match="stopped"):
        stopped.run("status")


@pytest.mark.soak
def test_a_project_in_a_folder_of_the_repository_is_found(repository: Repository) -> None:
    (repository.folder / "project.py").unlink()
    commit = repository.commit(PROJECT, "models/tiny/project.py")
    toml = repository.home / "comporta.toml"
    toml.write_text(f'{toml.read_text()}folder = "models/tiny"\n')
    repository.branch = replace(repository.branch, folder="models/tiny")
    repository.follower().look()
    with open_deployed(repository.home) as opened:
        assert opened.root == repository.home / ".comporta" / "code" / commit / "models" / "tiny"
        assert opened.project.models[0].name == "tiny"


@pytest.mark.soak
def test_up_follows_its_branch_and_a_look_that_is_asked_for_comes_at_once(
    up: Callable[..., RunningUp], repository: Repository
) -> None:
    home = repository.home
    repository.follower().look()
    with open_deployed(home):  # the ledger begins, under the project's name
        pass
    # The file in the folder raises: neither the supervisor nor the server runs it.
    running = up("--no-control", where=home)
    running.wait_line(r"^server  \| Comporta serves on")
    second = repository.commit(PROJECT + "\n# more\n")
    repository.up_folder.ask_look()  # as the control process does for a webhook; else in an hour
    running.wait_line(f"builds come from commit {second[:12]}")
    code = running.status().code
    assert code is not None and code.commit == second
    assert running.end() == 0
