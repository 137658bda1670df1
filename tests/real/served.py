"""Asking a server that runs in another process."""

from __future__ import annotations

import http.client
import json
from typing import Any


def ask(port: int, method: str, path: str, body: Any = None) -> tuple[int, str]:
    """The status and the text of one answer. body: goes as JSON."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        data = None if body is None else json.dumps(body)
        link.request(method, path, data, {"content-type": "application/json"})
        reply = link.getresponse()
        return reply.status, reply.read().decode()
    finally:
        link.close()
