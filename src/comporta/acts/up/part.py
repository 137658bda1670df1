"""A part of what `comporta up` runs: one process, and the list of all of them."""

from __future__ import annotations

import sys
from pathlib import Path

from comporta.records import Record


class SupervisedPart(Record, frozen=True, kw_only=True):
    """name: as the log and `comporta status` call it. command: what is started, without a shell. restart:
    whether it is started again when it ends. outlives: whether it goes on where the supervisor itself was
    killed; one that does not ends when its standard input does. grace: seconds from SIGTERM until it is
    killed. per_commit: whether it is started again when another commit of the project's code is current."""

    name: str
    command: tuple[str, ...]
    restart: bool = True
    outlives: bool = False
    grace: float = 30.0
    per_commit: bool = False


class UpOptions(Record, frozen=True, kw_only=True):
    """host, port: of the server. job_workers: how many jobs are carried out at a time. control_host,
    control_port: of the control process, which is left out where control is false. workers: None: as many as
    `comporta serve` takes by itself. The rest as of that command."""

    host: str = "127.0.0.1"
    port: int = 8080
    workers: int | None = None
    durable: bool = False
    tokens: bool = False
    tls_cert: str = ""
    tls_key: str = ""
    max_partition: str = "24h"
    job_workers: int = 1
    control: bool = True
    control_host: str = "127.0.0.1"
    control_port: int = 8081


SERVER_GRACE = 60.0
"""Seconds: the server's own for requests, and for what it writes after them."""


def parts_of(file: Path, options: UpOptions) -> tuple[SupervisedPart, ...]:
    """What runs, in the order in which it is started. file: of the project. One more is one line here."""
    server = SupervisedPart(
        name="server",
        command=_comporta("serve", file, *server_words(options)),
        outlives=True,
        grace=SERVER_GRACE,
    )
    control = SupervisedPart(
        name="control",
        command=_python(
            "comporta.control.process", str(file), options.control_host, str(options.control_port)
        ),
    )
    steer = SupervisedPart(name="steer", command=_comporta("steer", file, "--end-with-input"))
    workers = tuple(
        SupervisedPart(
            name="worker" if options.job_workers == 1 else f"worker {number}",
            command=_comporta("work", file, "--end-with-input"),
            per_commit=True,
        )
        for number in range(1, options.job_workers + 1)
    )
    return (server, control, steer, *workers) if options.control else (server, steer, *workers)


def server_words(options: UpOptions) -> tuple[str, ...]:
    """The words of `comporta serve` that ask for the same."""
    words = ["--await-release", "--no-steer", "--host", options.host, "--port", str(options.port)]
    if options.workers is not None:
        words += ["--workers", str(options.workers)]
    words += [f"--{name}" for name in ("durable", "tokens") if getattr(options, name)]
    for name in ("tls_cert", "tls_key"):
        if value := getattr(options, name):
            words += [f"--{name.replace('_', '-')}", value]
    if options.max_partition != UpOptions().max_partition:
        words += ["--max-partition", options.max_partition]
    return tuple(words)


def _comporta(command: str, file: Path, *words: str) -> tuple[str, ...]:
    return _python("comporta", command, "--project", str(file), *words)


def _python(module: str, *words: str) -> tuple[str, ...]:
    # -P: no module of the current folder is taken for one that Comporta imports.
    return sys.executable, "-P", "-m", module, *words
