"""What surrounds a step, as its recipe names it; and where steps run, as a URL says it."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from comporta.engine.code import CodeDigests
from comporta.engine.engine import workplace_of
from comporta.engine.environment import Environment, _installed_version, distributions, runtime
from comporta.engine.local import Local, cores, workers_and_threads
from comporta.engine.question import check_plan, question_of, recipe_digest
from comporta.engine.step_functions import Steps
from comporta.errors import BadProject
from comporta.records import Node, Output, Plan, Recipe, Slice, Workplace
from comporta.store import MemoryStore, StepContext, derive, open_store


def test_a_distribution_counts_with_all_it_requires() -> None:
    found = distributions(["sklearn"])
    assert {"scikit-learn", "numpy", "scipy", "joblib"} <= found.keys()
    assert found["numpy"] == importlib.metadata.version("numpy")


def test_a_name_nobody_installed_is_said_to_be_absent() -> None:
    assert distributions(["no_such_thing"]) == {"no_such_thing": "absent"}


def test_other_distributions_or_threads_are_another_environment() -> None:
    one = Environment(1)
    assert one.of(("numpy",)) == Environment(1).of(("numpy",))
    assert len({one.of(()), one.of(("numpy",)), one.of(("polars",)), Environment(2).of(("numpy",))}) == 4


def test_the_machine_is_told_by_interpreter_platform_and_processor() -> None:
    told = runtime()
    assert set(told) == {"python", "platform", "processor"} and all(told.values())


def test_a_distribution_installed_from_a_folder_counts_by_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "site-packages" / "localthing-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: localthing\nVersion: 1.0\n")
    (info / "direct_url.json").write_text('{"url": "file:///somewhere", "dir_info": {}}')
    (info / "RECORD").write_text("localthing/__init__.py,sha256=aaa,3\n")
    monkeypatch.syspath_prepend(str(info.parent))
    before = distributions(["localthing"])["localthing"]
    (info / "RECORD").write_text("localthing/__init__.py,sha256=bbb,3\n")
    _installed_version.cache_clear()
    assert before.startswith("1.0 ") and distributions(["localthing"])["localthing"] != before
    _installed_version.cache_clear()


def test_room_is_told_by_the_url() -> None:
    assert workers_and_threads("local://?workers=3&threads=2") == (3, 2)
    workers, threads = workers_and_threads("local://")
    assert workers == min(2, cores()) and threads == max(1, cores() // workers)
    assert workers_and_threads("local://?workers=1000")[1] == 1


@pytest.mark.parametrize("url", ["ray://", "local://?workers=0", "local://?workers=many", "local://?gpus=1"])
def test_a_url_that_says_nothing_is_refused_with_what_is_expected(url: str) -> None:
    with pytest.raises(BadProject, match="expected"):
        workers_and_threads(url)


def test_workers_need_a_store_they_can_reach(tmp_path: Path) -> None:
    with pytest.raises(BadProject, match=r"memory://, expected one that other processes reach"):
        workplace_of(tmp_path, StepContext(store=MemoryStore(), keys=derive(b"x" * 32)), Steps())


def test_elsewhere_than_on_linux_and_macos_there_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(BadProject, match="expected Linux or macOS"):
        Local(Workplace(root=tmp_path, command=(), hello=b""), workers=1, threads=1)


def test_the_key_in_a_workers_first_line_is_not_shown(tmp_path: Path) -> None:
    context = StepContext(store=open_store("file://.comporta/store", tmp_path), keys=derive(b"x" * 32))
    workplace = workplace_of(tmp_path, context, Steps())
    assert b"content" in workplace.hello and "content" not in f"{workplace} {workplace!r}"


def test_a_recipe_is_keyed_by_what_a_slice_covers_not_by_its_version() -> None:
    def of(**given: object) -> str:
        part = Slice(**{"dataset": "d", "version": "v1", "number": 1, "digest": "x", "rows": 3, **given})  # type: ignore[arg-type]
        recipe = Recipe(run="m:f", uses={}, code="c", environment="e", inputs={"of": part}, params={}, seed=0)
        return recipe_digest(recipe, b"k" * 32)

    assert of() == of(version="v2", number=2)
    assert len({of(), of(digest="y"), of(columns=("a",)), of(dataset="other")}) == 4


def test_a_recipe_does_not_depend_on_the_order_of_its_parameters(tmp_path: Path) -> None:
    (tmp_path / "steps.py").write_text("def f(context, **given):\n    return {}\n")
    code, environment = CodeDigests(tmp_path), Environment(1)
    one, other = (
        question_of(
            Node(name="n", run="steps.py:f", params=params), {}, Steps(), code, environment, b"k" * 32
        ).digest
        for params in ({"a": 1, "b": [2]}, {"b": [2], "a": 1})
    )
    assert one == other


def test_a_plan_that_cannot_be_asked_is_refused() -> None:
    twice = Plan(nodes=(Node(name="a", run="m:f"), Node(name="a", run="m:f")))
    with pytest.raises(BadProject, match="two nodes named 'a'"):
        check_plan(twice)
    later = Plan(nodes=(Node(name="a", run="m:f", inputs={"x": Output(node_name="b", name="out")}),))
    with pytest.raises(BadProject, match="'a' reads 'b', which does not come before it"):
        check_plan(later)
