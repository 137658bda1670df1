"""What a trace tells of an answer: who gave it, how long that took, who asked, and in which trace."""

from __future__ import annotations

from typing import Any

from comporta.records import Observation
from comporta.records.traceparent import trace_id


def answer_facts(found: Observation) -> dict[str, Any]:
    """Who answered it and how, as far as that is known."""
    facts = {
        "release": found.release,
        "arm": found.arm,
        "worker": found.worker,
        "took": None if found.latency_us is None else f"{found.latency_us / 1000:.1f} ms",
        "token": found.token,
        "trace": None if found.traceparent is None else trace_id(found.traceparent),
    }
    return {name: value for name, value in facts.items() if value is not None}
