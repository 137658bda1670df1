"""Reproducing compares digests, so every step must make the same bytes in every process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FITS = Path(__file__).parents[1] / "flow" / "test_train_steps.py"
CODE = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("the_fits", sys.argv[1])
fits = importlib.util.module_from_spec(spec)
sys.modules["the_fits"] = fits
spec.loader.exec_module(fits)
made = {}
for table, fit in (
    ("NUMBERS", "logistic"), ("NUMBERS", "forest"), ("NUMBERS", "histogram"), ("TABLE", "boosted"),
    ("TABLE", "one_hot"), ("TABLE", "coded"), ("TABLE", "categories"), ("THREE", "boosted_pandas"),
):
    at, parts = fits.train(getattr(fits, table), getattr(fits, fit))
    parts |= fits.steps.score(at, predictions=parts["predictions"], slices=["word"][: table != "NUMBERS"])
    made.update({f"{fit} {name}": each.digest for name, each in parts.items()})
print(json.dumps(made))
"""


def made(seed):
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(FITS)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.soak
def test_every_step_makes_the_same_bytes_in_two_processes():
    one, other = made("1"), made("2")
    assert "coded onnx" in one
    assert sorted(name for name in one if one[name] != other[name]) == []
