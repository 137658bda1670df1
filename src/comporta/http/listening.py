"""A server in this process: the address it listens on, and an ordered end."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from comporta.errors import BadProject

LOOPBACK_ADDRESSES = ("127.0.0.1", "localhost", "::1")
_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there. port 0: any that is free. Raises BadProject when the address cannot be
    taken."""
    listener = _bind(host, port, "--port")
    listener.listen(_BACKLOG)
    return listener


def require_free(host: str, port: int, option: str) -> None:
    """Raises BadProject when nothing could listen there now. port 0: any that is free. option: by which
    another port is chosen."""
    _bind(host, port, option).close()


def reserve(host: str, port: int, option: str) -> socket.socket:
    """A socket that has this port and does not listen, so that others of this server can listen there, each
    with `SO_REUSEPORT`, and no other server can. port 0: any that is free. option: by which another port is
    chosen. Raises BadProject when the address cannot be taken."""
    # One that may share could share with a server that somebody else has there.
    with _bind(host, port, option) as alone:
        port = alone.getsockname()[1]
    return _bind(host, port, option, shared=True)


def _bind(host: str, port: int, option: str, *, shared: bool = False) -> socket.socket:
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT if shared else socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except (OSError, OverflowError) as error:
        found.close()
        why = getattr(error, "strerror", None) or "a port is a number from 0 to 65535"
        raise BadProject(
            f"{host}:{port}: cannot listen there ({why}). Choose another with {option}."
        ) from None
    return found


def url_of(listener: socket.socket, host: str, scheme: str = "http") -> str:
    """The URL of a listening socket, by the name of its host."""
    return f"{scheme}://{host_in_url(host)}:{listener.getsockname()[1]}"


def host_in_url(host: str) -> str:
    """Its name or address, that of IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


@contextmanager
def ignoring_repeated_signals() -> Iterator[None]:
    """uvicorn drains on a signal, then raises it again: an ordered end is not a failure."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ignore(number: int, frame: Any) -> None:
        return None

    before = {number: signal.signal(number, ignore) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
