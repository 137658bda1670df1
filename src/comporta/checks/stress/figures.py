"""What the figures of load and bad requests are called."""

from __future__ import annotations

from comporta.records import quantity

P50 = quantity("p50_ms", "p50 ms")
P99 = quantity("p99_ms", "p99 ms")
FAILED = quantity("requests_failed", "requests failed")
UNCLEAR = quantity("bad_requests_unclear", "bad requests without a clear refusal")
ERRORS = quantity("server_errors", "server errors")
GROWTH = quantity("memory_growth", "memory growth")
REQUESTED = quantity("rows_requested", "rows requested")

RAW, PLAIN, MADE = "raw_request", "features", "made_features"
"""From where on a row is requested: raw; its features, as requests carry them; or its features, without the
joins and computed features before them."""
