"""What a server counts, as Prometheus reads it (text exposition format 0.0.4)."""

from __future__ import annotations

from collections.abc import Mapping

from comporta.serve.recorder import Recorder
from comporta.serve.serving import Serving


def exposition(requests: Mapping[tuple[str, int], int], recorder: Recorder, serving: Serving) -> str:
    """requests: (route, status) → how many."""
    counts, lines = recorder.counts, ["# TYPE comporta_requests_total counter"]
    for (name, status), number in sorted(requests.items()):
        lines.append(f'comporta_requests_total{{route="{name}",status="{status}"}} {number}')
    for name, number in (
        ("observations_written_total", counts.written),
        ("observations_lost_total", counts.lost),
        ("observations_waiting", recorder.waiting),
        ("feedback_written_total", counts.feedback),
        ("log_failures_total", counts.failures),
    ):
        kind = "counter" if name.endswith("total") else "gauge"
        lines += [f"# TYPE comporta_{name} {kind}", f"comporta_{name} {number}"]
    lines.append("# TYPE comporta_share gauge")
    for door in serving.doors.values():
        for share in door.shares:
            labels = f'model="{door.model}",version="{share.version}"'
            lines.append(f"comporta_share{{{labels}}} {share.weight}")
    return "\n".join(lines) + "\n"
