"""In a real Jupyter kernel: the example runs, objects are drawn, what cells declare is kept as a file.

The default environment has no Jupyter: these tests make one that has it beside all that is there. Where no
registry can be reached to make it, they are skipped and say so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
EXECUTOR = "local://?workers=1"
EXAMPLE = ROOT / "examples" / "notebook" / "overheat.ipynb"

# What runs a notebook and prints its outputs: cells that raise are outputs too.
RUN = """
import json, sys, nbformat
from nbclient import NotebookClient

cells = json.loads(sys.stdin.read())
made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in cells])
NotebookClient(made, timeout=120, kernel_name="python3", allow_errors=True).execute()
print(json.dumps([each["outputs"] for each in made.cells]))
"""


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with a kernel, which sees all that this one has."""
    folder = tmp_path_factory.mktemp("jupyter") / "env"
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        pytest.skip("found no uv to make an environment with Jupyter")
    python = folder / "bin" / "python"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)], check=True)
    wanted = ["ipykernel>=6.29", "nbclient>=0.10"]
    made = subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", str(python), *wanted], capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip(f"no environment with Jupyter could be made: {made.stderr[-300:]}")
    site = next((folder / "lib").glob("python*/site-packages"))
    (site / "default.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    return python


def run(python: Path, folder: Path, cells: Sequence[str], **variables: str) -> list[list[dict[str, Any]]]:
    """The outputs of each cell, run in a kernel whose folder this is."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COMPORTA_")}
    path = f"{python.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [str(python), "-c", RUN],
        input=json.dumps(cells),
        cwd=folder,
        env={**clean, "PATH": path, "USER": "ana", "IPYTHONDIR": str(folder / ".ipython"), **variables},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[list[dict[str, Any]]] = json.loads(done.stdout.splitlines()[-1])
    return found


def cells_of(file: Path) -> list[str]:
    return [
        "".join(each["source"])
        for each in json.loads(file.read_text())["cells"]
        if each["cell_type"] == "code"
    ]


def html(outputs: Sequence[dict[str, Any]]) -> str:
    """What a cell drew."""
    return "".join("".join(each.get("data", {}).get("text/html", "")) for each in outputs)


def errors(outputs: Sequence[dict[str, Any]]) -> list[str]:
    """The messages of what a cell raised, as a notebook shows them."""
    return ["\n".join(each["traceback"]) for each in outputs if each["output_type"] == "error"]


@pytest.fixture(scope="module")
def example(
    jupyter: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[list[dict[str, Any]]]]:
    """The folder of the example after it ran in worker processes, and the outputs of its cells."""
    folder = tmp_path_factory.mktemp("example")
    return folder, run(jupyter, folder, cells_of(EXAMPLE), COMPORTA_EXECUTOR=EXECUTOR)


def test_the_example_notebook_runs_from_top_to_bottom_and_draws_what_it_shows(example):
    _, outputs = example
    assert [said for each in outputs for said in errors(each)] == []
    drawn = {
        source.splitlines()[-1]: html(each) for source, each in zip(cells_of(EXAMPLE), outputs, strict=True)
    }
    assert "no errors" in drawn["project.check()"]
    assert "roc_auc at least 0.8" in drawn["report"] and "may be released" in drawn["report"]
    assert "average_precision" in drawn["version.metrics()"]
    assert "<iframe" in drawn['project.report("overheat/1")']
    assert "released" in drawn["project.versions()"]
    assert "<svg" in drawn['project.trace("overheat/1")']
    assert "heat" in drawn['project.data.show("sensors")']


def test_what_its_cells_declare_is_a_project_file_that_the_command_line_takes(jupyter, example):
    folder, outputs = example
    kept = (folder / "machines_notebook.py").read_text()
    assert "def fit(" in kept and "# cell 4" in kept
    assert "project.check()" not in kept and "get_ipython" not in kept and ".head()" not in kept
    assert "machines_notebook.py" in html(outputs[cells_of(EXAMPLE).index('project.trace("overheat/1")')])
    # By the Python of the kernel: in another environment its steps would run again, and rightly so.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COMPORTA_")}
    again = subprocess.run(
        [jupyter, "-m", "comporta", "run", "--project", "machines_notebook.py", "--json"],
        cwd=folder, env={**clean, "COMPORTA_EXECUTOR": EXECUTOR}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    done = json.loads(again.stdout)
    assert done["fresh"] == [] and set(done["run"]["reused"]) >= {"fit overheat"}


SMALL = """
import polars as pl
from sklearn.linear_model import LogisticRegression
from comporta import Dataset, Features, Model, Project, at_least, at_random
def read():
    rows = pl.DataFrame({"id": range(400)}).with_columns(x=pl.col("id") * 31 % 60)
    return rows.with_columns(y=pl.col("x") > 30)
def fit(X, y, *, strength=1.0):
    return LogisticRegression(C=strength).fit(X, y)
params = {"strength": 1.0}
def bump(): params["strength"] = 3.0
"""
DECLARED = """
data = Dataset("visits", read, key="id")
model = Model("buys", features=Features("f", of=data, known=("id", "x"), use=("x",)), target="y", fit=fit,
              params=params, split=at_random(test=0.25), gates=(at_least("roc_auc", 0.7),))
project = Project("shop", models=(model,))
"""


def test_a_notebook_shows_mistakes_as_messages_and_a_bar_while_it_works(jupyter, tmp_path):
    outputs = run(
        jupyter,
        tmp_path,
        [
            "!comporta init . --bare",
            SMALL,
            DECLARED,
            "bump()",
            "project",  # shown, it is `_` too
            "project.run()",  # what its cells declare has the strength 1
            f"params['strength'] = 3.0\n{DECLARED}",
            "from comporta.api import progress\nprogress.run_progress.__wrapped__.__defaults__ = (0.0,)",
            "project.run()",
            "depth = !echo 3",
            "def fit(X, y, *, strength=1.0):\n    return LogisticRegression(C=strength / depth).fit(X, y)",
            DECLARED,
            "project.run()",
            "project.release('buys/7')",
        ],
        COMPORTA_EXECUTOR="inline://",
    )
    (said,) = errors(outputs[5])
    assert said.startswith("BadProject: Model 'buys': params['strength']: found another value")
    assert "Traceback" not in said and len(said.splitlines()) < 4
    assert "buys/1" in html(outputs[8])
    # The bar was below the cell, and is cleared.
    assert [each["data"]["text/html"] for each in outputs[8] if each["output_type"] == "display_data"] == [""]
    (said,) = errors(outputs[12])
    assert "magic" in said and "cell " in said and "Traceback" not in said
    (said,) = errors(outputs[13])
    assert said == "NotFound: found no version 'buys/7', expected buys/1 to buys/1."
