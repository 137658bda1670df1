"""The lock of an environment: what it holds of what is installed, and what is told where that is another."""

from __future__ import annotations

import json
import platform
import shutil
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from msgspec.structs import replace

from comporta.acts.environment.build import require_whole
from comporta.acts.environment.draft import draft_of
from comporta.acts.environment.uv import UvFailure, call_uv, find_uv
from comporta.engine import environment
from comporta.engine.lock import changes_here, environment_lock, locked_distribution
from comporta.errors import BadProject, MissingExtra
from comporta.opened.environments import taking_turns
from comporta.records.environment_lock import EnvironmentLock, LockedDistribution

HERE = platform.python_version()
Installs = Callable[..., LockedDistribution]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installs:
    """(what the installer wrote) → how the lock holds a distribution `thing` of which that is so."""
    info = tmp_path / "site-packages" / "thing-1.0.dist-info"
    info.mkdir(parents=True)
    monkeypatch.syspath_prepend(str(info.parent))

    def lock(direct_url: object = None, requires: tuple[str, ...] = (), **files: str) -> LockedDistribution:
        needs = "".join(f"Requires-Dist: {each}\n" for each in requires)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: Thing\nVersion: 1.0\n{needs}")
        (info / "RECORD").write_text("thing.py,sha256=aaa,3\nthing-1.0.dist-info/RECORD,,\n../bin/thing,,\n")
        for name, text in files.items():
            (info / name).write_text(text)
        if direct_url is not None:
            (info / "direct_url.json").write_text(json.dumps(direct_url))
        return locked_distribution(metadata.distribution("thing"))

    return lock


def test_it_holds_comporta_and_what_the_code_imports_with_all_that_these_require() -> None:
    held = {each.name: each for each in environment_lock(["sklearn"]).distributions}
    assert {"scikit-learn", "joblib", "threadpoolctl", "polars", "msgspec", "comporta"} <= held.keys()
    assert all(each.version == metadata.version(name) for name, each in held.items())
    assert held["comporta"].folder and held["comporta"].files, "its own text, as no index has it"
    assert "pytest" not in held, "what only tests import"
    assert [each for each in held if each != each.lower()] == []


@pytest.mark.parametrize(
    ("direct_url", "requirement"),
    [
        (None, "thing==1.0"),
        ({"url": "file:///home/ana/thing-1.0.whl", "archive_info": {}}, "thing==1.0"),
        (
            {"url": "https://ana:s3cret@x.example/thing.whl", "archive_info": {"hashes": {"sha256": "ab"}}},
            "thing @ https://x.example/thing.whl#sha256=ab",
        ),
        (
            {
                "url": "https://x.example/thing",
                "vcs_info": {"vcs": "git", "commit_id": "c0ffee"},
                "subdirectory": "py",
            },
            "thing @ git+https://x.example/thing@c0ffee#subdirectory=py",
        ),
    ],
)
def test_it_holds_where_a_distribution_came_from_and_no_path_of_the_machine(
    installed: Installs, direct_url: object, requirement: str
) -> None:
    found = installed(direct_url)
    assert (found.requirement, found.folder) == (requirement, False)


def test_of_conda_it_holds_no_folder_of_the_machine_that_built_it(installed: Installs) -> None:
    found = installed({"url": "file:///croot/thing_17/work", "dir_info": {}}, INSTALLER="conda\n")
    assert (found.requirement, found.folder) == ("thing==1.0", False)


def test_what_an_extra_brings_is_held_where_it_was_asked_for(installed: Installs) -> None:
    installed(requires=("rich ; extra == 'pretty'", "uvicorn[standard]>=0.1"))
    environment._installed_version.cache_clear()
    held = {each.name for each in environment_lock(["thing"]).distributions}
    assert {"uvicorn", "httptools"} <= held


def lock_of(*held: LockedDistribution, python: str = "") -> EnvironmentLock:
    return EnvironmentLock(
        python=python or HERE, implementation="cpython", platform="linux-x86_64", distributions=held
    )


def test_what_is_another_here_is_told_and_a_patch_of_python_is_not(installed: Installs) -> None:
    thing = installed()
    assert changes_here(lock_of(thing, python=f"{HERE.rpartition('.')[0]}.99")) == ()
    told = changes_here(
        lock_of(
            thing,
            replace(thing, version="0.9"),
            replace(thing, files="0" * 32),
            replace(thing, name="gone"),
            replace(thing, name="mine", folder=True, editable=True),
            python="3.7.1",
        )
    )
    assert [str(each) for each in told] == [
        f"Python {HERE} here, 3.7.1 then",
        "thing 1.0 here, 0.9 then",
        "thing 1.0 with other files",
        "gone is not installed here, 1.0 then",
    ]


def test_what_was_installed_from_a_folder_and_is_kept_nowhere_is_one_clear_error(installed: Installs) -> None:
    kept = installed({"url": "file:///home/ana/thing", "dir_info": {"editable": True}})
    lost = installed({"url": "file:///home/ana/thing", "dir_info": {}})
    assert kept.editable and lost.folder and "ana" not in str(lost)
    with pytest.raises(
        BadProject, match=r"its lock cannot be rebuilt: thing 1\.0 was installed from a folder"
    ):
        require_whole("late/1", lock_of(lost))
    require_whole("late/1", lock_of(kept))


def test_a_build_that_fails_leaves_what_was_there_and_one_that_ends_takes_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "environments" / "d1"
    for text in ("first", "second"):
        with taking_turns(folder), draft_of(folder) as draft:
            draft.mkdir()
            (draft / "what").write_text(text)
        assert (folder / "what").read_text() == text
        with pytest.raises(KeyboardInterrupt), taking_turns(folder), draft_of(folder) as draft:
            draft.mkdir()
            raise KeyboardInterrupt
        assert {each.name for each in folder.parent.iterdir()} == {"d1", "d1.turn"}
        assert (folder / "what").read_text() == text


def test_what_a_killed_build_left_is_gone_with_the_next_one(tmp_path: Path) -> None:
    folder = tmp_path / "d1"
    (tmp_path / "d1.draft" / "lib").mkdir(parents=True)
    with taking_turns(folder), draft_of(folder) as draft:
        assert not draft.exists()
        draft.mkdir()
    assert folder.is_dir() and not draft.exists()
    shutil.rmtree(folder)


def test_only_one_builds_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "d1"
    with taking_turns(folder) as first, taking_turns(folder, wait=False) as second:
        assert first is not None and second is None
    with taking_turns(folder, wait=False) as third:
        assert third is not None


def test_without_uv_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "uv", None)  # type: ignore[arg-type]
    with pytest.raises(MissingExtra, match=r"comporta env needs uv, .* Install it: pip install uv$"):
        find_uv()


def test_what_uv_says_is_one_line_without_its_drawing_and_passwords(tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    drawn = "  \u00d7 No solution\n  \u2570\u2500\u25b6 https://ana:s3cret@x.example has none\n"
    (tmp_path / "said").write_text(drawn, encoding="utf-8")
    uv.write_text(f"#!/bin/sh\ncat {tmp_path}/said >&2\nexit 1\n")
    uv.chmod(0o755)
    with taking_turns(tmp_path / "d1") as turn, pytest.raises(UvFailure) as said:
        assert turn is not None
        call_uv(str(uv), (), root=tmp_path, hold=turn)
    assert str(said.value) == "No solution https://x.example has none"
