"""A Comporta whose modules lie elsewhere finds what it remembers, and repeats what an older one made."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

from _packages import arguments_renamed, copied, moved, told

RUN = """
import json, sys
from pathlib import Path
from comporta.opened.project import open_project
from comporta.acts.build.run import run
with open_project(Path(sys.argv[1]), works=True) as house:
    done = run(house, ("worth",), level="commit").run
    print(json.dumps({name: done.nodes[name] for name in done.nodes if name not in done.reused}))
"""
REPRODUCE = """
import json, sys
from pathlib import Path
from comporta.opened.project import open_project
from comporta.acts.reproduce.reproduce import reproduce
with open_project(Path(sys.argv[1]), works=True) as house:
    done = reproduce(house, "leaving/1")
    print(json.dumps({"equal": str(done.equal), "reason": done.reason}))
"""


def move(package: Path) -> None:
    for old, new in (
        ("train.steps", "train.questions"),
        ("train.asking", "train.zz_lent"),
        ("data.steps", "data.a_steps"),
        ("data.steps_features", "data.made"),
        ("checks.shared.measuring.reference", "checks.shared.measuring.distributions"),
        ("stats.bootstrap", "stats.resampling"),
    ):
        moved(package, old, new)


def rename(package: Path) -> None:
    """An input, a function that it is handed, and a parameter."""
    arguments_renamed(package, "train.steps", "fit", rows_to_learn="train", trainer="fit", settings="params")
    arguments_renamed(package, "checks.noise.measure", "measure", opener="opened")
    arguments_renamed(package, "checks.baselines.measure", "measure", learning="train")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param((rename, move), id="both"),
        pytest.param((move,), id="modules", marks=pytest.mark.soak),
        pytest.param((rename,), id="arguments", marks=pytest.mark.soak),
    ],
)
def test_modules_that_moved_and_arguments_that_were_renamed_ask_nothing_again_and_repeat_old_versions(
    tmp_path: Path, changes: tuple[Callable[[Path], None], ...], unpack_house: Callable[[Path], Path]
) -> None:
    house, cache = tmp_path / "shop", tmp_path / "cache"
    unpack_house(house)
    package = copied(tmp_path / "package")
    first = told(package, RUN, house, cache=cache)
    assert "fit worth" in first
    for change in changes:
        change(package)
    again = told(package, RUN, house, cache=cache)
    assert {name.partition(" ")[0] for name in again} == {"data"}, "only sources are asked each time"
    replayed = told(package, REPRODUCE, house, cache=cache)
    assert replayed["equal"] == "True", replayed["reason"]
