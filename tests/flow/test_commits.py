"""A version by its alias, and by the commit whose run led to it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from comporta.acts.build.commit_checks import check_on_sample as pushed
from comporta.acts.build.run import run
from comporta.acts.judge.gate import gate
from comporta.acts.release.release import release, version_of
from comporta.cli.init import make
from comporta.errors import NotFound
from comporta.opened.project import open_project


class Repository:
    """A project in git."""

    def __init__(self, root: Path) -> None:
        self.root, self.file = root, root / "project.py"
        make(root, "churn")
        self.git("init", "--quiet")

    def git(self, *words: str) -> str:
        told = ("-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false")
        done = subprocess.run(
            ["git", *told, *words], cwd=self.root, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self) -> str:
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "more")
        return self.git("rev-parse", "HEAD")

    def edit(self, old: str, new: str) -> None:
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new))

    def run(self) -> str:
        with open_project(self.root, works=True) as opened:
            return run(opened).versions[0].id

    def named(self, name: str) -> str:
        with open_project(self.root) as opened:
            return version_of(opened, name).id


@pytest.fixture
def repository(tmp_path) -> Repository:
    return Repository(tmp_path / "churn")


def test_a_commit_names_what_its_run_led_to_built_or_reused(repository):
    first = repository.commit()
    assert repository.run() == "leaving/1"
    (repository.root / "NOTES").write_text("nothing that is built")
    second = repository.commit()
    assert repository.run() == "leaving/1"
    repository.edit('"strength": 0.5', '"strength": 0.4')
    third = repository.commit()
    assert repository.run() == "leaving/2"
    for sha, version in ((first, "leaving/1"), (second, "leaving/1"), (third, "leaving/2")):
        assert repository.named(f"leaving@{sha}") == version
        assert repository.named(f"leaving@{sha[:7]}") == version
    with pytest.raises(NotFound, match="at least 7 digits"):
        repository.named(f"leaving@{first[:6]}")


def test_champion_names_what_serves(repository):
    repository.run()
    with pytest.raises(NotFound, match="nothing was released yet"):
        repository.named("leaving@champion")
    with open_project(repository.root) as opened:
        release(opened, "leaving/1", by="ana")
    repository.edit('"strength": 0.5', '"strength": 0.4')
    assert repository.run() == "leaving/2"
    assert repository.named("leaving@champion") == "leaving/1"
    assert repository.named("leaving") == "leaving/2"


def test_what_came_of_uncommitted_changes_is_passed_over_and_told(repository):
    before = repository.commit()
    repository.edit('"strength": 0.5', '"strength": 0.4')
    assert repository.run() == "leaving/1"
    with pytest.raises(NotFound, match="passed over leaving/1, which came of that commit with changes"):
        repository.named(f"leaving@{before}")
    repository.git("stash", "--quiet")
    assert repository.run() == "leaving/2"
    repository.git("stash", "pop", "--quiet")
    assert repository.run() == "leaving/1"
    assert repository.named(f"leaving@{before}") == "leaving/2", "the newer run was of changed files"


def test_what_was_built_before_it_was_committed_is_found_once_the_commit_was_run(repository):
    repository.commit()
    repository.edit('"strength": 0.5', '"strength": 0.4')
    assert repository.run() == "leaving/1"
    after = repository.commit()
    with pytest.raises(NotFound, match="no run at that commit made a version of 'leaving'"):
        repository.named(f"leaving@{after}")
    assert repository.run() == "leaving/1"
    assert repository.named(f"leaving@{after}") == "leaving/1"


def test_a_commit_that_only_judged_or_tried_names_no_version(repository):
    repository.commit()
    repository.run()
    (repository.root / "NOTES").write_text("nothing that is built")
    second = repository.commit()
    with open_project(repository.root, works=True) as opened:
        gate(opened, "leaving/1")
        pushed(opened)
    with pytest.raises(NotFound, match="no run at that commit"):
        repository.named(f"leaving@{second}")


def test_more_approvals_are_another_version_and_each_commit_keeps_its_own(repository):
    first = repository.commit()
    assert repository.run() == "leaving/1"
    repository.edit('    group="customer",', '    group="customer",\n    approvals=2,')
    second = repository.commit()
    assert repository.run() == "leaving/2"
    assert repository.named(f"leaving@{first}") == "leaving/1"
    assert repository.named(f"leaving@{second}") == "leaving/2"
