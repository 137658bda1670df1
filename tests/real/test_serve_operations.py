"""A server as whoever runs it has it: TLS, an access log, traces, and what its log leaves out."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.real.test_serve_workers import BODY, COMPORTA, Server, until
from tests.unit.certificates import write_certificate

from comporta.acts.serve.serving_log import find_observation
from comporta.opened.project import open_root

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def ask(
    port: int, trusted: Path, method: str, path: str, body: Any = None
) -> tuple[int, str, dict[str, str]]:
    """One answer over TLS, of a server with this certificate."""
    context = ssl.create_default_context(cafile=str(trusted))
    link = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
    try:
        headers = {"content-type": "application/json", "traceparent": TRACE}
        link.request(method, path, None if body is None else json.dumps(body), headers)
        reply = link.getresponse()
        return reply.status, reply.read().decode(), dict(reply.getheaders())
    finally:
        link.close()


@pytest.mark.parametrize("workers", ["2", pytest.param("1", marks=pytest.mark.soak)])
def test_it_answers_over_tls_and_writes_each_request_down(folder: Path, workers: str) -> None:
    certificate, key = write_certificate(folder, "server")
    fresh, fresh_key = write_certificate(folder, "fresh")
    trusted, later = folder / "trusted.pem", folder / "later.pem"
    trusted.write_bytes(certificate.read_bytes())
    later.write_bytes(fresh.read_bytes())
    words = (
        "--workers",
        workers,
        "--tls-cert",
        "server.pem",
        "--tls-key",
        "server.key",
        "--access-log",
        "a.log",
    )
    server = Server(folder, *words)
    try:

        def ready(by: Path) -> bool:
            assert server.process.poll() is None, server.log.read_text()
            try:
                return ask(server.port, by, "GET", "/v2/health/ready")[0] == 200
            except OSError:
                return False

        until(lambda: ready(trusted))
        status, body, headers = ask(server.port, trusted, "POST", "/models/leaving/invocations", BODY)
        assert (status, headers["traceparent"]) == (200, TRACE), body
        (id,) = json.loads(body)["prediction_ids"]
        fresh.replace(certificate)
        fresh_key.replace(key)
        until(lambda: ready(later))
    finally:
        said = server.end()
    assert server.process.returncode == 0, said
    assert f"https://127.0.0.1:{server.port}" in said
    lines = [json.loads(line) for line in (folder / "a.log").read_text().splitlines()]
    (line,) = [each for each in lines if each["id"] == id]
    assert (line["path"], line["status"], line["trace"]) == ("/models/leaving/invocations", 200, TRACE[3:35])
    assert line["model"] == "leaving" and len(line["versions"]) == 1
    with open_root(folder) as opened:
        found = find_observation(opened, id)
    assert found is not None and found.traceparent == TRACE and found.worker and found.latency_us
    traced = subprocess.run(
        [COMPORTA, "trace", id, "--back"], cwd=folder, capture_output=True, text=True, env={"COLUMNS": "500"}
    )
    assert f"trace id {TRACE[3:35]}" in traced.stdout, traced.stdout + traced.stderr


def test_a_key_that_does_not_fit_is_one_error_before_anything_starts(folder: Path) -> None:
    write_certificate(folder, "a")
    write_certificate(folder, "b")
    done = subprocess.run(
        [COMPORTA, "serve", "--port", "0", "--workers", "2", "--tls-cert", "a.pem", "--tls-key", "b.key"],
        cwd=folder, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2 and done.stdout == "", done.stdout
    assert "does not fit the certificate" in re.sub(r"\s+", " ", done.stderr)
    assert "Traceback" not in done.stderr
