"""The trace that a request is part of, as W3C Trace Context (Recommendation, 2021) sends it along."""

from __future__ import annotations

import re

HEADER = b"traceparent"
_FORM = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_SIZE = 55


def read_traceparent(header: bytes | None) -> str | None:
    """The header's text; None where there is none, or it is not of its form: then the trace is not gone on
    with (section 3.2.2.5). Of a version to come, what version 00 has."""
    if header is None or _FORM.match(header) is None:
        return None
    if len(header) > _SIZE and (header[:2] == b"00" or header[_SIZE : _SIZE + 1] != b"-"):
        return None
    return header[:_SIZE].decode()


def trace_id(traceparent: str) -> str:
    """The 32 hex digits that all of a trace share."""
    return traceparent[3:35]
