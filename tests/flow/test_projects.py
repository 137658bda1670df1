"""Two projects in one ledger and store: equal work is shared, all else is each one's own."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from comporta.acts.build.run import run
from comporta.acts.build.run_views import run_of, runs
from comporta.acts.release.release import models, release, version_of
from comporta.acts.reproduce.reproduce import reproduce
from comporta.acts.serve.serving import ReleasedVersions
from comporta.acts.serve.serving_log import PredictionLog, scan_all_predictions
from comporta.acts.trace.trace import trace
from comporta.acts.trace.tree import tree_lines
from comporta.acts.upkeep.audit import verify, verify_artifacts, verify_data
from comporta.acts.upkeep.storage import reachable, sweep
from comporta.cli import main
from comporta.cli.init import make
from comporta.data import list_datasets
from comporta.errors import BadProject, Refused
from comporta.ledger.bundle import check, export
from comporta.ledger.signing import public_key
from comporta.opened.project import OpenProject, open_project
from comporta.records.facts import ProjectKeyed, StepAnswered
from comporta.release import ROUTES
from comporta.serve import App
from comporta.store import artifact_name
from comporta.testing.serving import ask

SCRIPT = Path(__file__).parents[2] / "docs" / "verify_bundle.py"


def shared(folder: Path, name: str) -> Path:
    """A project in a folder of its own, whose ledger, store and key are those of all in `folder`."""
    root = folder / name
    make(root, name)
    if (folder / "comporta.key").exists():
        (root / "comporta.key").unlink()
        (root / "comporta.pub").unlink()
    else:
        (root / "comporta.key").rename(folder / "comporta.key")
    settings = (root / "comporta.toml").read_text()
    for old, new in (
        ("sqlite:///.comporta/ledger.db", f"sqlite:///{folder}/ledger.db"),
        ("file://.comporta/store", f"file://{folder}/store"),
        ("file://comporta.key", f"file://{folder}/comporta.key"),
    ):
        assert old in settings
        settings = settings.replace(old, new)
    (root / "comporta.toml").write_text(settings)
    sample = root / "sample.py"
    sample.write_text(sample.read_text().replace("CUSTOMERS = 2_000", "CUSTOMERS = 300"))
    # So few customers of a plan show no more.
    project = root / "project.py"
    limit = 'at_least("roc_auc", 0.65, by="plan")'
    assert limit in project.read_text()
    project.write_text(project.read_text().replace(limit, 'at_least("roc_auc", 0.55, by="plan")'))
    return root


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`north` ran first; `south`, which declares the same, ran after it."""
    folder = tmp_path_factory.mktemp("shared")
    for name in ("north", "south"):
        with open_project(shared(folder, name), works=True) as opened:
            run(opened)
    return folder


@pytest.fixture
def north(folder: Path):
    with open_project(folder / "north", works=True) as opened:
        yield opened


@pytest.fixture
def south(folder: Path):
    with open_project(folder / "south", works=True) as opened:
        yield opened


def test_what_one_was_answered_the_other_takes_over_into_its_own_chain(
    north: OpenProject, south: OpenProject
) -> None:
    (first,), (second,) = runs(north, None), runs(south, None)
    assert first.reused == ()
    fresh = set(second.nodes) - set(second.reused)
    assert "fit leaving" in second.reused
    # What makes dataset versions is each project's own.
    assert fresh
    assert not [node for node in fresh if node.startswith(("fit", "score"))], fresh
    taken = [
        json.loads(event.body)
        for event in south.ledger.events()
        if event.kind == StepAnswered.kind and event.body and json.loads(event.body)["source"]
    ]
    assert {each["source"] for each in taken} == {"north"}
    assert {each["node"] for each in taken} <= set(second.reused)
    one, two = version_of(north, "leaving/1"), version_of(south, "leaving/1")
    assert one.parts["model"] == two.parts["model"]
    assert not [event for event in north.ledger.events() if event.project != "north"]


def test_lineage_is_whole_in_the_project_that_took_over(
    south: OpenProject, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = "\n".join(tree_lines(trace(south, "leaving/1")))
    assert "customers@1" in tree
    assert "usage@1" in tree
    assert run_of(south, runs(south, None)[0].id).steps.keys() >= {"fit leaving"}
    done = reproduce(south, "leaving/1")
    assert done.equal, done.reason
    # Asked outside of memory, each step was done all the same.
    capsys.readouterr()
    newest, steps = runs(south, 1)[0], len(done.steps)
    assert main(["show", newest.id, "--project", str(south.root)]) == 0
    assert f"done: {steps} steps done" in capsys.readouterr().out


def test_each_has_a_chain_that_is_sound_and_begins_with_the_key_that_signs_it(
    north: OpenProject, south: OpenProject
) -> None:
    assert north.ledger.projects() == ["north", "south"]
    for opened in (north, south):
        first = next(iter(opened.ledger.events()))
        assert (first.seq, first.kind, first.project) == (1, ProjectKeyed.kind, opened.ledger.project)
        assert json.loads(first.body or b"{}")["public"] == public_key(opened.keys.chain)
        audit = verify(opened, opened.ledger.head())
        assert audit.sound, audit.faults
        assert audit.keyed == 0
        assert audit.signed > 3
        assert verify_artifacts(opened).faults == ()
        assert verify_data(opened).faults == ()


def test_a_release_of_one_is_none_of_the_other(north: OpenProject, south: OpenProject) -> None:
    release(north, "leaving/1", by="ana")
    assert [version.state for version in models(north)] == ["released"]
    assert [version.state for version in models(south)] == ["passed"]


def test_predictions_and_datasets_lie_under_each_projects_own_names(
    north: OpenProject, south: OpenProject
) -> None:
    async def once(opened: OpenProject) -> None:
        with PredictionLog(opened) as log:
            async with App(ReleasedVersions(opened), log, key=opened.keys.unit, flush=0.02) as app:
                row = {"customer": 7, "month": "2026-08-01T00:00:00Z", "tenure": 70, "plan": "family"}
                asked = {"dataframe_records": [row]}
                status, _, data = await ask(app, "POST", "/models/leaving/invocations", asked)
                assert status == 200, data

    if not north.ledger.scan(ROUTES):  # no earlier test of this file ran in this process
        release(north, "leaving/1", by="ana")
    asyncio.run(once(north))
    assert scan_all_predictions(north, "leaving").collect().height == 1
    assert scan_all_predictions(south, "leaving").collect().height == 0
    assert set(list_datasets(south.store)) == {"customers", "usage"}
    assert set(list_datasets(north.store)) > {"customers", "usage"}
    names = {entry.name for entry in south.store.whole.list("")}  # type: ignore[attr-defined]
    tops = {"/".join(name.split("/")[:3]) for name in names if "~writing" not in name}
    assert {name for name in tops if not name.startswith("artifacts/")} == {
        "projects/north/data",
        "projects/north/people",
        "projects/south/data",
        "projects/south/people",  # of who ran it
    }


def test_freeing_in_one_project_keeps_what_another_needs(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    for name in ("north", "south"):
        file = copy / name / "comporta.toml"
        file.write_text(file.read_text().replace(str(folder), str(copy)))
    with open_project(copy / "south", works=True) as opened:
        # A third project that reaches nothing: its gc is the one that could take most.
        file = shared(copy, "third") / "comporta.toml"
        assert 'project_id = "third"' in file.read_text()
        needed = reachable(opened)
    with open_project(copy / "third", works=True) as third:
        third.clock = lambda: opened.clock() + timedelta(days=3)
        assert {name for name in needed if name.startswith("artifacts/")} <= reachable(third)
        sweep(third)
    for name in ("north", "south"):
        with open_project(copy / name, works=True) as again:
            assert verify_artifacts(again).faults == ()
            assert verify_data(again).faults == ()


def test_nothing_is_freed_in_a_store_that_holds_a_project_of_another_ledger(
    folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    file = tmp_path / "copy" / "north" / "comporta.toml"
    text = file.read_text().replace(f"{folder}/ledger.db", f"{tmp_path}/other.db")
    file.write_text(text.replace(str(folder), str(tmp_path / "copy")))
    with open_project(file.parent, works=True) as opened, pytest.raises(Refused, match="south"):
        sweep(opened)


def test_a_bundle_of_a_whole_run_verifies_with_fifty_lines(south: OpenProject, tmp_path: Path) -> None:
    events = list(south.ledger.events())
    withheld = next(event.seq for event in events if event.kind == "version.registered")
    file = tmp_path / "south.jsonl"
    for hidden in ((), (withheld,)):
        out: list[str] = []
        export(south.ledger, public_key(south.keys.chain), hidden, out.append)
        file.write_text("".join(line + "\n" for line in out))
        head = south.ledger.head()
        kept = f"{head.seq}:{head.hash}"
        asked = [sys.executable, "-I", str(SCRIPT), str(file), public_key(south.keys.chain), kept]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        assert done.stdout == f"OK, head {kept}\n", done.stderr
        found = check([line + "\n" for line in out], public_key(south.keys.chain), head)
        assert (found.fault, found.withheld, found.project) == (None, len(hidden), "south")
        (line,) = [each for each in map(json.loads, out) if each.get("seq") == withheld]
        assert ("body" in line) == (hidden == ())


@pytest.mark.parametrize("part", ["model", "onnx"])
def test_changed_bytes_of_a_model_are_told_by_the_audit_and_by_reproduce(
    folder: Path, tmp_path: Path, part: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    file = copy / "north" / "comporta.toml"
    file.write_text(file.read_text().replace(str(folder), str(copy)))
    with open_project(copy / "north", works=True) as opened:
        artifact = version_of(opened, "leaving/1").parts[part]
        name = artifact_name(artifact.digest)
        data = bytearray((copy / "store" / name).read_bytes())
        data[len(data) // 2] ^= 1
        (copy / "store" / name).write_bytes(data)
        (fault,) = verify_artifacts(opened).faults
        assert (fault.code, fault.values["name"]) == ("artifact.changed", name)
        done = reproduce(opened, "leaving/1")
        assert not done.equal
        assert [each for each in done.steps if each.damaged], done
        assert "missing or corrupt" in done.reason
        # Building it again put the bytes right.
        assert verify_artifacts(opened).faults == ()
        assert reproduce(opened, "leaving/1").equal
        (copy / "store" / name).unlink()
        (fault,) = verify_artifacts(opened).faults
        assert fault.code == "artifact.missing"


def test_an_id_that_is_none_is_said(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPORTA_PROJECT_ID", "a b")
    with pytest.raises(BadProject, match="project_id: found 'a b'"):
        open_project(folder / "north")
