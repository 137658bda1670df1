"""`pip install comporta`, weighed: at most 600 MB on disk and 50 packages, in an environment of its own.

Comporta itself is told apart from what it requires. The environment is made with uv from the newest versions
that the index has, compiled files not counted.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
UV = Path(sys.executable).with_name("uv")
MOST_MEGABYTES, MOST_PACKAGES, LARGEST = 600, 50, 8


def run(*words: str | Path) -> None:
    """Raises CalledProcessError."""
    subprocess.run([UV, *words], cwd=ROOT, check=True, capture_output=True, text=True)


def weights(packages: Path) -> dict[str, float]:
    """Of each distribution in this folder the megabytes of its files."""
    found: dict[str, float] = defaultdict(float)
    for each in metadata.distributions(path=[str(packages)]):
        files = (Path(str(each.locate_file(file))) for file in each.files or () if file.suffix != ".pyc")
        found[each.name] = sum(file.stat().st_size for file in files if file.is_file()) / 1e6
    return dict(found)


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        run("build", "--wheel", "--out-dir", place)
        (wheel,) = Path(place).glob("*.whl")
        environment = Path(place) / "venv"
        run("venv", "--python", sys.executable, environment)
        run("pip", "install", "--python", environment / "bin" / "python", wheel)
        (packages,) = environment.glob("lib/python*/site-packages")
        found = weights(packages)
    largest = sorted(found, key=lambda name: -found[name])[:LARGEST]
    detail = {
        "comporta_mb": round(found["comporta"], 1),
        "largest_mb": {name: round(found[name], 1) for name in largest},
        "python": sys.version.split()[0],
    }
    for promise, measured, limit, unit in (
        ("the base install on disk", round(sum(found.values())), MOST_MEGABYTES, "MB"),
        ("packages of the base install", len(found), MOST_PACKAGES, "packages"),
    ):
        print(
            json.dumps(
                {
                    "promise": promise,
                    "measured": measured,
                    "limit": limit,
                    "unit": unit,
                    "holds": measured <= limit,
                    "detail": detail,
                }
            )
        )


if __name__ == "__main__":
    main()
