"""Environments to run things in: a wheel of this checkout, and what it requires at its lowest or newest.

They lie in `build/matrix/`, one folder each, and are used again while what they were made of is the same.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Literal, NamedTuple

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "matrix"
UV = Path(sys.executable).with_name("uv")
MINUTES = 15
OLDEST = (3, 11)
Resolution = Literal["lowest", "newest"]


class Environment(NamedTuple):
    """python: its interpreter, of this version. packages: `name==version` of all in it beside Comporta."""

    python: Path
    version: str
    packages: tuple[str, ...]


class Failure(Exception):
    """What a command printed that did not end with 0."""


def output_of(*command: str | Path, minutes: float = MINUTES, folder: Path = ROOT) -> str:
    """What it printed. Raises Failure, also where it takes longer."""
    words = [str(each) for each in command]
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("COMPORTA_", "VIRTUAL_"))
    }
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            env=clean,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=minutes * 60,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failure(f"{' '.join(words)}: not done after {minutes:g} minutes") from None
    if done.returncode:
        raise Failure(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout[-4000:]}")
    return done.stdout


def interpreters() -> dict[str, Path]:
    """`{"3.11": path, …}`: one of each version from 3.11 on that this machine has, by uv or by pyenv."""
    listed = output_of(UV, "python", "list", "--only-installed", "--no-python-downloads").splitlines()
    rows = (line.split() for line in listed if line.startswith("cpython-"))
    found = [(row[0].split("-")[1], Path(row[1])) for row in rows if len(row) > 1]
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found += [(each.parents[1].name, each) for each in sorted(versions.glob("*/bin/python"))]
    plain = [(version, path) for version, path in found if re.fullmatch(r"3\.\d+\.\d+", version)]
    short = {".".join(version.split(".")[:2]): path for version, path in reversed(plain)}
    kept = sorted((each for each in short if numbers(each) >= OLDEST), key=numbers)
    return {each: short[each] for each in kept}


def numbers(version: str) -> tuple[int, ...]:
    """(3, 11) of `3.11`."""
    return tuple(map(int, version.split(".")))


def wheel(folder: Path) -> Path:
    """This checkout, built into an empty folder."""
    output_of(UV, "build", "--quiet", "--wheel", "--out-dir", folder)
    (made,) = folder.glob("*.whl")
    return made


def environment(
    name: str,
    made: Path,
    python: Path,
    resolution: Resolution,
    *,
    extras: tuple[str, ...] = (),
    beside: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
) -> Environment:
    """One with the wheel and what it requires. beside: more packages, at their newest. without: packages
    that are left out. Raises Failure."""
    folder = BUILD / re.sub(r"\W+", "-", name)
    folder.mkdir(parents=True, exist_ok=True)
    wanted, interpreter = folder / "requirements.txt", folder / "venv" / "bin" / "python"
    before = wanted.read_text() if wanted.exists() else ""
    output_of(
        UV, "pip", "compile", "--quiet", ROOT / "pyproject.toml", *(f"--extra={each}" for each in extras),
        "--python", python, "--no-build", "--no-annotate", "--no-header", "--upgrade",
        "--resolution", "lowest-direct" if resolution == "lowest" else "highest", "--output-file", wanted,
        *(f"--no-emit-package={each}" for each in without),
    )  # fmt: skip
    lines = [line for line in wanted.read_text().splitlines() if "==" in line]
    wanted.write_text("\n".join((*lines, *beside)) + "\n")
    if wanted.read_text() != before or not interpreter.exists():
        output_of(UV, "venv", "--quiet", "--clear", "--python", python, folder / "venv")
        output_of(UV, "pip", "install", "--quiet", "--python", interpreter, "--no-build", "-r", wanted)
    output_of(UV, "pip", "install", "--quiet", "--python", interpreter, "--no-deps", "--reinstall", made)
    listed = output_of(UV, "pip", "list", "--quiet", "--python", interpreter, "--format=freeze").split()
    version = output_of(interpreter, "-c", "import platform; print(platform.python_version())").strip()
    return Environment(
        interpreter, version, tuple(each for each in listed if not each.startswith("comporta"))
    )
