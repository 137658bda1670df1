"""git, asked with lists of arguments: no shell, no hooks, no submodules, no questions, and not for ever."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

from comporta.errors import BadProject, Busy
from comporta.records.credential import without_password
from comporta.records.visible import visible

SECONDS = 120.0
"""The longest that one command may take."""
_CONFIG = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "submodule.recurse": "false",
    "advice.detachedHead": "false",
    "gc.auto": "0",
    "protocol.allow": "never",
    "protocol.https.allow": "always",
    "protocol.ssh.allow": "always",
    "protocol.file.allow": "always",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
}
_REPOSITORY = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX"}
)
"""Variables of whoever started us that would have git work on another repository."""


class Git:
    """Its commands, one at a time. May be stopped by another thread. Raises BadProject where it is not
    installed."""

    def __init__(self, seconds: float = SECONDS) -> None:
        program = shutil.which("git")
        if program is None:
            raise BadProject("[code] needs git, which is not installed, or not in PATH. Install it.")
        self._program, self._seconds = program, seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def run(self, *words: str, folder: Path | None = None) -> str:
        """What it printed. Raises Busy where it failed, took too long, or was stopped: the network, or what
        is there, may be better later."""
        config = [each for name, value in _CONFIG.items() for each in ("-c", f"{name}={value}")]
        with self._lock:
            if self._stopped:
                raise Busy("git was stopped.")
            self._process = process = subprocess.Popen(
                [self._program, *config, *words],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(),
                process_group=0,
            )
        try:
            output, errors = process.communicate(timeout=self._seconds)
        except subprocess.TimeoutExpired:
            _kill(process)
            raise Busy(f"git {words[0]} took longer than {self._seconds:g} s; it was ended.") from None
        finally:
            self._process = None
        if process.returncode != 0:
            raise Busy(f"git {words[0]} failed: {_last_line(errors) or f'exit code {process.returncode}'}")
        return output.decode(errors="replace")

    def stop(self) -> None:
        """Ends what is under way, and begins nothing any more."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """It, and what it started: the helper that speaks to the network."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in _REPOSITORY}
    return {
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=15",
        **kept,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
    }


def _last_line(errors: bytes) -> str:
    """What it said was wrong, as one line without a password."""
    lines = [line.strip() for line in errors.decode(errors="replace").splitlines() if line.strip()]
    said = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1] if lines else "")
    return visible(without_password(said[:300]), keep="")
