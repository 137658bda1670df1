"""What a server counts, as Prometheus reads it (text exposition format 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from comporta.serve.metric_sample import MetricSample, version_labels
from comporta.serve.recorder import Recorder
from comporta.serve.serving_state import ServingState


def prometheus_text(
    requests: Mapping[tuple[str, int], int],
    recorder: Recorder,
    serving: ServingState,
    more: Iterable[MetricSample] = (),
) -> str:
    """requests: (route, status) → how many. more: what others count, added to the same name and labels."""
    counts = recorder.counts
    samples = [
        MetricSample("requests_total", number, (("route", route), ("status", str(status))))
        for (route, status), number in sorted(requests.items())
    ]
    for (model, version), rows in sorted(recorder.tally.counts().items()):
        of = version_labels(model, version)
        samples += [
            MetricSample("observations_written_total", rows.written, of),
            MetricSample("observations_lost_total", rows.lost, of),
        ]
    samples += [
        MetricSample("observations_waiting", recorder.waiting),
        MetricSample("feedback_written_total", counts.feedback),
        MetricSample("feedback_corrections_total", counts.corrections),
        MetricSample("log_failures_total", counts.failures),
        *more,
    ]
    samples += [
        MetricSample("share", share.weight, version_labels(served.model, share.version))
        for served in serving.models.values()
        for share in served.shares
    ]
    return _text(samples)


def _text(samples: Iterable[MetricSample]) -> str:
    families: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for each in samples:
        family = families.setdefault(each.name, {})
        family[each.labels] = family.get(each.labels, 0) + each.value
    lines = []
    for name, values in families.items():
        lines.append(f"# TYPE comporta_{name} {'counter' if name.endswith('total') else 'gauge'}")
        for labels, value in values.items():
            pairs = ",".join(f'{key}="{_escape(text)}"' for key, text in labels)
            lines.append(f"comporta_{name}{{{pairs}}} {value}" if pairs else f"comporta_{name} {value}")
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
