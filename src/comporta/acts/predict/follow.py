"""A version that answers what a dataset gains, as long as it is not stopped."""

from __future__ import annotations

from collections.abc import Generator
from threading import Event

from comporta.acts.predict.into_dataset import predict_into_dataset
from comporta.acts.predict.job import BatchRequest, BatchResult, begin_job
from comporta.acts.predict.rows import is_files, require_readable
from comporta.data.dataset_log import read_log
from comporta.data.names import dataset_and_number
from comporta.errors import BadProject
from comporta.opened.project import OpenProject


def follow_dataset(
    opened: OpenProject, request: BatchRequest, output: str, *, poll: float, stop: Event
) -> Generator[BatchResult]:
    """A result whenever answers were added to `output`, until `stop` is set: each row once, as
    `predict_into_dataset` has it.

    poll: seconds between looks at the input's log. The version is the one that its name means at the start.
    A last result with `stopped` says that rows are answered and not added yet. Raises as
    `predict_into_dataset`, BadProject on files or one version of a dataset.
    """
    request = request._replace(version=begin_job(opened, request).version.id)
    if is_files(opened, request.source):
        raise BadProject(f"{request.source}: found files to follow, expected a dataset, which has versions.")
    dataset, number = dataset_and_number(request.source)
    if number is not None:
        raise BadProject(
            f"{request.source}: found one version to follow, expected a dataset: --input {dataset}."
        )
    require_readable(opened, dataset)
    reached = 0
    while not stop.is_set():
        versions = read_log(opened.store, opened.keys, dataset).versions
        if not versions or versions[-1][0] <= reached:
            stop.wait(poll)
            continue
        result = predict_into_dataset(opened, request, output, stop=stop.is_set)
        if result.rows:
            yield result
        if not result.stopped:
            reached = result.number
