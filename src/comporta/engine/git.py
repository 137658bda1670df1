"""Which commit a project's folder stands at. Knows no repository as well as no git."""

from __future__ import annotations

import subprocess
from pathlib import Path


def commit(root: Path) -> tuple[str, bool]:
    """The commit's hash and whether files below `root` differ from it; empty and False without git."""
    try:
        done = subprocess.run(
            [
                "git",
                "-C",
                str(root),
                "--no-optional-locks",
                "status",
                "--porcelain=v2",
                "--branch",
                "--",
                ".",
            ],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "", False
    if done.returncode != 0:
        return "", False
    lines = done.stdout.splitlines()
    oid = next((line.split()[2] for line in lines if line.startswith("# branch.oid ")), "")
    return ("" if oid == "(initial)" else oid), any(not line.startswith("#") for line in lines)
