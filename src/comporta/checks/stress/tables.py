"""What the tables of the load test and their columns are called."""

from __future__ import annotations

from comporta.records import column, table

MACHINE = table("machine", "machine")
ROUNDS = table("rounds", "rounds")
UNCLEAR_REQUESTS = table("unclear", "unclear")
DIGEST = column("digest", "digest")
SYSTEM = column("system", "system")
PROCESSOR_KIND = column("machine", "machine")
PROCESSOR = column("processor", "processor")
CORES = column("cores", "cores")
ROUND = column("round", "round")
ANSWERS = column("answers", "answers")
PER_SECOND = column("per_second", "a second")
P50_MS = column("p50_ms", "p50 ms")
P99_MS = column("p99_ms", "p99 ms")
MEGABYTES = column("megabytes", "MB")
KIND = column("kind", "kind")
STATUS = column("status", "status")
TIMES = column("times", "times")
