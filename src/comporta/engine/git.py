"""Which commit a project's folder stands at. Knows no repository as well as no git."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path


def commit(root: Path) -> Callable[[], tuple[str, bool]]:
    """Starts to look; what is returned waits for it: the commit's hash and whether files below `root`
    differ from it; empty and False without git."""
    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return lambda: ("", False)
    try:
        process = subprocess.Popen(
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
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    except OSError:
        return lambda: ("", False)
    return lambda: _output_of(process)


def _output_of(process: subprocess.Popen[str]) -> tuple[str, bool]:
    try:
        output, _ = process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return "", False
    if process.returncode != 0:
        return "", False
    lines = output.splitlines()
    oid = next((line.split()[2] for line in lines if line.startswith("# branch.oid ")), "")
    return ("" if oid == "(initial)" else oid), any(not line.startswith("#") for line in lines)
