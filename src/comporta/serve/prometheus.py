"""What a server counts, as Prometheus reads it (text exposition format 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from comporta.errors import wording
from comporta.serve.access_log import AccessLog
from comporta.serve.metric_sample import MetricSample, version_labels
from comporta.serve.recorder import Recorder
from comporta.serve.request_counts import SECONDS
from comporta.serve.serving_state import ServingState

HISTOGRAMS = (SECONDS,)
HELP: Mapping[str, str] = {
    "requests_total": wording("Requests by route and HTTP status."),
    "requests_in_flight": wording("Requests that are not answered yet."),
    "request_seconds": wording("Seconds from a request's head to its answer, by model version and arm."),
    "rows_answered_total": wording("Rows that were answered, by model version."),
    "model_seconds_total": wording("Seconds that the model itself took, by model version."),
    "request_failures_total": wording("Requests to a model version that got no answer of it."),
    "failed_seconds_total": wording("Seconds that requests without an answer took, by model version."),
    "last_answer_seconds": wording("When a model version last answered, in seconds since 1970."),
    "long_calls_waiting": wording("Requests that wait for a thread or run in one, by queue."),
    "reloads_total": wording("Times that what answers was replaced."),
    "reload_failures_total": wording(
        "Looks for releases that failed, and releases that could not be loaded."
    ),
    "reload_seconds_total": wording("Seconds that replacements took, beside the requests."),
    "reload_last_seconds": wording("When what answers was last replaced, in seconds since 1970."),
    "shadow_rows_total": wording("Rows that a shadow was asked and answered to nobody, by its version."),
    "shadow_failures_total": wording("Rows that a shadow could not answer, by its version."),
    "shadow_rows_dropped_total": wording("Rows that a shadow was not asked, for want of time."),
    "workers_cut_off": wording("Processes of this server that cannot read releases."),
    "releases_read_seconds": wording("When releases were last read, in seconds since 1970."),
    "access_lines_lost_total": wording("Lines of the access log that were not written."),
    "observations_unsampled_total": wording("Answered rows that the model's log_sample leaves out."),
    "observations_written_total": wording("Answered rows that were written to the log, by model version."),
    "observations_lost_total": wording(
        "Answered rows that were never written, those of servers before included."
    ),
    "observations_waiting": wording("Answered rows that are not written yet."),
    "feedback_written_total": wording("Labels that were written to the log."),
    "feedback_corrections_total": wording("Labels that corrected another of the same call."),
    "log_failures_total": wording("Writes to the log that failed and were tried again."),
    "seal_failures_total": wording("Seals of a log that failed."),
    "seal_rows_rejected_total": wording("Rows of a log that could not be sealed and were set aside."),
    "seal_last_seconds": wording("When the log was last sealed, in seconds since 1970."),
    "share": wording("The part of a model's traffic that a version gets, 0 to 1."),
    "release": wording("The number of the release that answers here, by model; 0 where it has none."),
    "workers": wording("Processes of this server that answer."),
    "worker_restarts_total": wording("Processes of this server that took the place of one that ended."),
}
"""What each number says, by its name without `comporta_`."""


def counted_samples(
    recorder: Recorder, unsampled: Mapping[tuple[str, int], int], waiting: Mapping[str, int]
) -> list[MetricSample]:
    """What this process counts beside its requests. unsampled: (model, version) → answers that its share
    leaves out of the log. waiting: long calls, by their queue."""
    counts = recorder.counts
    samples = [
        MetricSample("observations_unsampled_total", rows, version_labels(*key))
        for key, rows in sorted(dict(unsampled).items())
    ]
    samples += [
        MetricSample("long_calls_waiting", number, (("queue", queue),), "now")
        for queue, number in waiting.items()
    ]
    for (model, version), rows in sorted(recorder.tally.counts().items()):
        of = version_labels(model, version)
        samples += [
            MetricSample("observations_written_total", rows.written, of),
            # Of a process that ended these are among what it left unwritten, which is kept.
            MetricSample("observations_lost_total", rows.lost, of, "now"),
        ]
    return [
        *samples,
        MetricSample("observations_waiting", recorder.waiting, kind="now"),
        MetricSample("feedback_written_total", counts.feedback),
        MetricSample("feedback_corrections_total", counts.corrections),
        MetricSample("log_failures_total", counts.failures),
        MetricSample("workers", 1, kind="now"),
    ]


def access_samples(access: AccessLog | None) -> list[MetricSample]:
    """Of an access log, where there is one."""
    return [] if access is None else [MetricSample("access_lines_lost_total", access.lost)]


def release_samples(serving: ServingState) -> list[MetricSample]:
    """What answers here now: the same in each worker, but for a moment."""
    shares = [
        MetricSample("share", share.weight, version_labels(served.model, share.version))
        for served in serving.models.values()
        for share in served.shares
    ]
    releases = [
        MetricSample("release", served.release or 0, (("model", served.model),))
        for served in serving.models.values()
    ]
    return shares + releases


def prometheus_text(samples: Iterable[MetricSample]) -> str:
    """The numbers, those of one name and the same labels as one."""
    families: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for each in samples:
        family = families.setdefault(_family_of(each.name), {})
        key = (each.name, each.labels)
        family[key] = family.get(key, 0) + each.value
    lines = []
    for name, values in families.items():
        lines.append(f"# HELP comporta_{name} {HELP[name]}")
        lines.append(f"# TYPE comporta_{name} {_type_of(name)}")
        for (name, labels), value in values.items():
            pairs = ",".join(f'{key}="{_escape(text)}"' for key, text in labels)
            shown = int(value) if value == int(value) else value
            lines.append(f"comporta_{name}{{{pairs}}} {shown}" if pairs else f"comporta_{name} {shown}")
    return "\n".join(lines) + "\n"


def _family_of(name: str) -> str:
    """A histogram's numbers are of one family."""
    base = name.rpartition("_")[0]
    return base if base in HISTOGRAMS else name


def _type_of(family: str) -> str:
    if family in HISTOGRAMS:
        return "histogram"
    return "counter" if family.endswith("total") else "gauge"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
