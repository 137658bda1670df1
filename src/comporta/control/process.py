"""The process itself: `python -m comporta.control.process FILE HOST PORT`, as `comporta up` starts it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

import uvicorn

from comporta.acts.up.folder import UpFolder
from comporta.control.app import control_app
from comporta.control.guard import ProjectActs
from comporta.errors import ComportaError, first_line
from comporta.http.connection import BoundedConnection
from comporta.http.listening import LOOPBACK_ADDRESSES, ignoring_repeated_signals, listen, url_of
from comporta.http.webhook import secret_bytes
from comporta.records.credential import mask
from comporta.store import resolve

GRACE_SECONDS = 20


class ControlServer(uvicorn.Server):
    """uvicorn's, whose feeds end first."""

    def __init__(self, config: uvicorn.Config, acts: ProjectActs) -> None:
        super().__init__(config)
        self._acts = acts

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._acts.stopping = True
        super().handle_exit(sig, frame)


def main(words: list[str]) -> int:
    """Answers until SIGTERM, SIGINT, or the end of standard input. The exit code."""
    file, host, port = Path(words[0]), words[1], int(words[2])
    threading.Thread(target=_end_with_supervisor, name="comporta-supervisor", daemon=True).start()
    try:
        answer(file, host, port)
    except ComportaError as error:
        print(mask(str(error)), flush=True)
        return error.exit_code
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    # The boundary of the process: its supervisor tells it, in a line.
    except Exception as error:
        print(mask(f"{type(error).__name__}: {first_line(error)}."), flush=True)
        return 1
    return 0


def answer(file: Path, host: str, port: int) -> None:
    """Answers until told to end. Raises BadProject where the address cannot be taken, or the secret of
    webhooks is none."""
    with contextlib.closing(ProjectActs(file)) as acts:
        settings, root = acts.opened.settings, acts.opened.root
        folder = UpFolder(root)
        key = None
        if settings.webhook_secret:
            key = secret_bytes(resolve("webhook_secret", settings.webhook_secret, root).value)
        app = control_app(
            acts,
            seen=folder.path / "webhooks.json",
            webhook_key=key,
            ask_look=folder.ask_look,
            hosts=None if host in LOOPBACK_ADDRESSES else ("*",),
        )
        with contextlib.closing(listen(host, port)) as listener:
            config = uvicorn.Config(
                app, http=BoundedConnection, loop="auto", ws="none", lifespan="on", log_level="error",
                access_log=False, server_header=False, proxy_headers=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )  # fmt: skip
            print(f"The control process answers on {url_of(listener, host)}.", flush=True)
            with ignoring_repeated_signals():
                ControlServer(config, acts).run(sockets=[listener])


def _end_with_supervisor() -> None:
    """Its end of standard input closes when it ends, however it does: nobody would start us again then."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
