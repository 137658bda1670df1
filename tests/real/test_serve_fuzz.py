"""Every path of the server, from its own description, with what a fuzzer makes of it: rubbish is a 4xx, and
nothing is ever a 5xx."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.real.test_serve_processes import Running

UV = Path(sys.executable).with_name("uv")
FUZZER = "schemathesis==4.32.5"
CHECKS = (
    "not_a_server_error", "negative_data_rejection", "response_schema_conformance",
    "content_type_conformance", "status_code_conformance", "unsupported_method",
)  # fmt: skip


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path, {"sum": 1, "words": 1})
    yield running
    running.end()


@pytest.mark.soak
def test_what_a_fuzzer_sends_is_answered_or_refused_and_fails_nothing(
    server: Running, tmp_path: Path
) -> None:
    """In an environment of its own: it brings its own pytest and hypothesis."""
    there = tmp_path / "environment"
    subprocess.run([UV, "venv", "-q", "--python", sys.executable, there], check=True)
    subprocess.run([UV, "pip", "install", "-q", "--python", there / "bin/python", FUZZER], check=True)
    done = subprocess.run(
        [
            there / "bin/schemathesis", "run", f"{server.url}/openapi.json", "--no-color", "--seed", "1",
            "--max-examples", "50", "--phases", "examples,coverage,fuzzing", "--warnings", "off",
            "--checks", ",".join(CHECKS), "--continue-on-failure",
        ],
        cwd=tmp_path, capture_output=True, text=True, timeout=1800,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-20_000:]
    assert server.process.poll() is None
