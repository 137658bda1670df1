"""The page's example of PyTorch, as the model of a project: trained, judged, kept as ONNX, asked."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "train.md"
COMPORTA = Path(sys.executable).with_name("comporta")
PROJECT = """
import polars as pl
from comporta import Dataset, Features, Model, Project, at_least, at_random

{example}


def read():
    rows = pl.DataFrame({{"id": range(2000)}})
    rows = rows.with_columns(a=pl.col("id") * 7919 % 101 / 50 - 1, b=pl.col("id") * 104729 % 89 / 44 - 1)
    return rows.with_columns(y=pl.col("a") * pl.col("b") > 0)


rows = Dataset("rows", read, key="id")
features = Features("features", of=rows, known=("a", "b"))
model = Model(
    "xor", features=features, target="y", fit=fit, split=at_random(0.3), gates=(at_least("roc_auc", 0.9),)
)
project = Project("torch", models=(model,))
"""


def comporta(folder: Path, *words: str) -> None:
    done = subprocess.run(
        [COMPORTA, *words], cwd=folder, capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode:
        sys.exit(f"comporta {' '.join(words)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")


def main() -> None:
    (example,) = re.findall(r"^```py\n(.*?)^```$", PAGE.read_text(), re.S | re.M)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "project.py").write_text(PROJECT.format(example=example))
        comporta(folder, "init", ".")
        comporta(folder, "run")
        comporta(folder, "release", "xor/1", "--reason", "the matrix")
        asking = (
            "import comporta, polars as pl; project = comporta.load('.'); "
            "print(project.model('xor/1').predict(pl.DataFrame({'a': [.9, .9], 'b': [.9, -.9]})))"
        )
        done = subprocess.run(
            [sys.executable, "-c", asking],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode or "true" not in done.stdout or "false" not in done.stdout:
            sys.exit(f"found {done.stdout}{done.stderr}, expected one row of each class")


if __name__ == "__main__":
    main()
