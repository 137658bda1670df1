"""What the bench of the release level times is where it says, or the bench names what is not."""

import runpy
from pathlib import Path

import pytest

WATCHED = Path(__file__).parents[2] / "benchmarks" / "_models_timed" / "watched.py"


def test_every_function_that_a_bench_times_is_there() -> None:
    runpy.run_path(str(WATCHED))["require_all"]()


def test_a_function_that_moved_is_named() -> None:
    watched = runpy.run_path(str(WATCHED))
    watched["WATCHED"]["comporta.stats.simple"] = {"moved_away": "fits"}
    with pytest.raises(LookupError, match=r"no moved_away in comporta\.stats\.simple"):
        watched["require_all"]()
