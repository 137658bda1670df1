"""Build the environment of a version again from its lock: `comporta env`."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import comporta
from comporta.acts.environment.draft import draft_of
from comporta.acts.environment.uv import UvFailure, call_uv, find_uv
from comporta.acts.release.release import version_of
from comporta.engine.lock import COMPORTA, have_other_files, locked_distribution
from comporta.errors import BadProject
from comporta.opened.environments import (
    RECORD,
    BuiltEnvironment,
    built_environment,
    environment_folder,
    lock_of,
    note_use,
    python_of,
    taking_turns,
)
from comporta.opened.permission import require_permission
from comporta.opened.project import OpenProject
from comporta.records import Record, Version, encode
from comporta.records.environment_lock import EnvironmentLock, LockedChange

_LOADS = "import comporta.opened.environment_worker"
_VERSION = "import platform; print(platform.python_version())"


class VersionEnvironment(Record, frozen=True, kw_only=True):
    """The environment of a version. folder: where it is; python: its interpreter. fresh: whether it was built
    now. distributions: how many. changes: what is not as the lock has it, and why it could not be."""

    version: str
    folder: str
    python: str
    fresh: bool
    distributions: int
    changes: tuple[LockedChange, ...] = ()


def build_environment(opened: OpenProject, name: str) -> VersionEnvironment:
    """The environment of a version, built from its lock unless it is there. Servers take it up by themselves.

    Raises NotFound, Tampered; MissingExtra without uv; BadProject where it cannot be built, and then nothing
    is left of it.
    """
    version = version_of(opened, name)
    require_permission(opened, "version.read", model=version.model)
    lock = lock_of(opened, version)
    folder = environment_folder(opened, version)
    with taking_turns(folder) as turn:
        assert turn is not None, "it was waited for"
        there = built_environment(folder)
        # The interpreter that it was made of may be gone since.
        fresh = there is None or _run(python_of(folder), "").returncode != 0
        if there is None or fresh:
            uv = find_uv()
            require_whole(version.id, lock)
            with draft_of(folder) as draft:
                try:
                    there = _build(uv, lock, draft, root=opened.root, turn=turn, digest=folder.name)
                except UvFailure as failure:
                    raise BadProject(_unbuilt(version, lock, str(failure))) from failure
        note_use(folder)
    return VersionEnvironment(
        version=version.id,
        folder=str(folder),
        python=str(python_of(folder)),
        fresh=fresh,
        distributions=there.distributions,
        changes=there.changes,
    )


def require_whole(version: str, lock: EnvironmentLock) -> None:
    """Raises BadProject, naming it, where a distribution was installed from a folder and not kept."""
    lost = [
        each for each in lock.distributions if each.folder and not each.editable and each.name != COMPORTA
    ]
    if lost:
        raise BadProject(
            f"{version}: its lock cannot be rebuilt: {lost[0].name} {lost[0].version} was installed from "
            "a folder, which no package index has. Install it in editable mode, so that its source is kept "
            "with the version, or put it into an index; then build the version again: comporta run"
        )


def _build(
    uv: str, lock: EnvironmentLock, draft: Path, *, root: Path, turn: int, digest: str
) -> BuiltEnvironment:
    """All of it, in the draft. Raises UvFailure."""
    found = _make(uv, lock, draft, root, turn)
    wanted = [each for each in lock.distributions if not each.folder and each.name != COMPORTA]
    requirements = draft / "requirements.txt"
    requirements.write_text("".join(f"{each.requirement}\n" for each in wanted), encoding="utf-8")
    install = ("pip", "install", "--quiet", "--no-deps", "--python", str(python_of(draft)))
    if wanted:
        call_uv(uv, (*install, "-r", str(requirements)), root=root, hold=turn)
    (site,) = draft.glob("lib/*/site-packages")
    own = next((each for each in lock.distributions if each.name == COMPORTA), None)
    if own is None or own.folder:
        put_comporta(site)
    else:
        try:
            call_uv(uv, (*install, own.requirement), root=root, hold=turn)
        except UvFailure:  # of an index that has it no more, or never had: it is told
            put_comporta(site)
            here = comporta.__version__
            found = (*found, LockedChange(name=COMPORTA, locked=own.version, here=here))
    ran = _run(python_of(draft), _LOADS)
    if ran.returncode:
        raise UvFailure(f"Its Python does not load Comporta ({_last_line(ran.stderr)}).")
    built = BuiltEnvironment(
        lock=digest,
        python=lock.python,
        distributions=len(wanted) + 1,
        changes=(*found, *_changes(lock, site)),
    )
    (draft / RECORD).write_bytes(encode(built))
    return built


def _make(uv: str, lock: EnvironmentLock, draft: Path, root: Path, turn: int) -> tuple[LockedChange, ...]:
    """An empty environment of the lock's Python, else of one of the same minor version, which is told."""
    same = (lock.implementation, lock.python) == (sys.implementation.name, platform.python_version())
    exact = (
        getattr(sys, "_base_executable", sys.executable) if same else f"{lock.implementation}@{lock.python}"
    )
    minor = f"{lock.implementation}@{lock.python.rpartition('.')[0]}"
    words = ("venv", "--quiet", "--relocatable", "--no-project", "--python")
    try:
        call_uv(uv, (*words, exact, str(draft)), root=root, hold=turn)
        return ()
    except UvFailure as failure:
        shutil.rmtree(draft, ignore_errors=True)
        try:
            call_uv(uv, (*words, minor, str(draft)), root=root, hold=turn)
        except UvFailure:
            raise failure from None
    return (
        LockedChange(
            name="Python", locked=lock.python, here=_last_line(_run(python_of(draft), _VERSION).stdout)
        ),
    )


def put_comporta(site: Path) -> None:
    """The Comporta that runs now, into a folder of packages: where no index has the one that made the
    version, as where that was installed from a folder."""
    home = Path(comporta.__file__).parent
    shutil.copytree(home, site / COMPORTA, ignore=shutil.ignore_patterns("__pycache__"))
    try:
        known = metadata.distribution(COMPORTA)
    except metadata.PackageNotFoundError:  # a copy that was never installed
        return
    info = site / f"{COMPORTA}-{known.version}.dist-info"
    info.mkdir()
    # As an installer says it of a folder: what a version that is made there locks counts it so.
    told = {"METADATA": known.read_text("METADATA") or "", "direct_url.json": '{"url": "", "dir_info": {}}'}
    for name, text in told.items():
        (info / name).write_text(text, encoding="utf-8")


def _changes(lock: EnvironmentLock, site: Path) -> list[LockedChange]:
    """What is in it with other files than then; of Comporta, if it came from a folder, with another text."""
    there = {each.name: each for each in map(locked_distribution, metadata.distributions(path=[str(site)]))}
    if any(each.name == COMPORTA and each.folder for each in lock.distributions):
        there[COMPORTA] = locked_distribution(metadata.distribution(COMPORTA))
    return [
        LockedChange(name=each.name, locked=each.version, here=now.version)
        for each in lock.distributions
        if (now := there.get(each.name)) is not None and have_other_files(each, now)
    ]


def _run(python: Path, code: str) -> subprocess.CompletedProcess[str]:
    words = [str(python), "-I", "-c", code]
    try:
        return subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:  # the interpreter that it was made of is gone
        return subprocess.CompletedProcess(words, 1, "", str(error))


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]


def _unbuilt(version: Version, lock: EnvironmentLock, why: str) -> str:
    return (
        f"{version.id}: its environment could not be built, and nothing is left of it. {why} Expected all "
        f"{len(lock.distributions)} distributions of its lock for Python {lock.python} on {lock.platform}. "
        "Let uv reach an index that has them (UV_INDEX_URL, UV_FIND_LINKS, or its settings in this folder), "
        "or build the model again with what is installed: comporta run"
    )
