"""A Comporta whose modules lie elsewhere finds what it remembers, and repeats what an older one made."""

from __future__ import annotations

import sys
import tarfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))

from _packages import arguments_renamed, copied, moved, told

ARCHIVE = Path(__file__).parents[1] / "golden" / "house" / "house.tar.gz"

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


def test_modules_that_moved_ask_nothing_again_and_repeat_old_versions(tmp_path: Path) -> None:
    opened, cache = tmp_path / "shop", tmp_path / "cache"
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(opened, filter="data")
    package = copied(tmp_path / "package")
    first = told(package, RUN, opened, cache=cache)
    assert "fit worth" in first
    for old, new in (
        ("train.steps", "train.questions"),
        ("train.asking", "train.zz_lent"),
        ("data.steps", "data.a_steps"),
        ("data.steps_features", "data.made"),
        ("checks.shared.measuring.reference", "checks.shared.measuring.distributions"),
        ("stats.bootstrap", "stats.resampling"),
    ):
        moved(package, old, new)
    again = told(package, RUN, opened, cache=cache)
    assert {name.partition(" ")[0] for name in again} == {"data"}, "only sources are asked each time"
    replayed = told(package, REPRODUCE, opened, cache=cache)
    assert replayed["equal"] == "True", replayed["reason"]


def test_a_step_whose_arguments_were_renamed_is_not_run_again_and_repeats_old_versions(
    tmp_path: Path,
) -> None:
    house, cache = tmp_path / "shop", tmp_path / "cache"
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(house, filter="data")
    package = copied(tmp_path / "package")
    assert "fit worth" in told(package, RUN, house, cache=cache)
    # An input, a function that it is handed, and a parameter.
    arguments_renamed(package, "train.steps", "fit", rows_to_learn="train", trainer="fit", settings="params")
    arguments_renamed(package, "checks.noise.measure", "measure", opener="opened")
    arguments_renamed(package, "checks.baselines.measure", "measure", learning="train")
    again = told(package, RUN, house, cache=cache)
    assert {name.partition(" ")[0] for name in again} == {"data"}, "only sources are asked each time"
    replayed = told(package, REPRODUCE, house, cache=cache)
    assert replayed["equal"] == "True", replayed["reason"]
