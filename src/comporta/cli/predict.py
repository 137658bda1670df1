"""`comporta predict`: a version's answers to many rows, in a file or a dataset."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from comporta.cli import completed_values as offered
from comporta.cli import show
from comporta.cli.job import queue_act
from comporta.cli.options import AsJson, By, Force, Priority, Queue, Reason, Unreleased, Where, between
from comporta.cli.words import words as say
from comporta.errors import BadProject
from comporta.records.job import JobValue

if TYPE_CHECKING:
    from comporta.acts.predict.job import BatchRequest, BatchResult
    from comporta.cli.progress import WritingProgress


def predict_batch(
    version: Annotated[str, Parameter(help=say.PREDICT_VERSION, **offered.completes(offered.versions))],
    /,
    *,
    input: Annotated[str, Parameter(help=say.PREDICT_INPUT)],
    output: Annotated[str, Parameter(help=say.PREDICT_OUTPUT)],
    keep: Annotated[tuple[str, ...], Parameter(help=say.PREDICT_KEEP, negative="")] = (),
    chunk: Annotated[
        int, Parameter(help=say.PREDICT_CHUNK, show_default=True, validator=between(1, 10_000_000))
    ] = 100_000,
    follow: Annotated[bool, Parameter(help=say.PREDICT_FOLLOW, negative="")] = False,
    poll: Annotated[
        int, Parameter(help=say.PREDICT_POLL, show_default=True, validator=between(1, 86_400))
    ] = 5,
    reveal: Annotated[bool, Parameter(help=say.PREDICT_REVEAL, negative="")] = False,
    unreleased: Unreleased = False,
    force: Force = False,
    queue: Queue = False,
    priority: Priority = None,
    by: By = None,
    reason: Reason = "",
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Write a version's answers to the rows of a dataset or of files, made as a server makes them.

    Memory does not grow with the rows. Stopped, the same command goes on where it was. Into a dataset, each
    row is answered once. The ledger has who did it.
    """
    if queue or priority is not None:
        if follow or reveal or unreleased or force or by or reason:
            raise BadProject(say.QUEUE_PREDICT)
        asked: dict[str, JobValue] = {"version": version, "input": input, "output": output, "keep": keep}
        queue_act("predict", {**asked, "chunk": chunk}, priority, project, json)
        return
    from comporta.acts.predict.job import BatchRequest
    from comporta.acts.predict.predict import is_dataset_name
    from comporta.cli.progress import WritingProgress

    if follow and (force or reveal or not is_dataset_name(output)):
        raise BadProject(
            f"--follow: found --output {output}{' --force' if force else ''}{' --reveal' if reveal else ''}, "
            "expected the name of a dataset and neither --force nor --reveal."
        )
    progress = WritingProgress(input)
    request = BatchRequest(version, input, keep, chunk, unreleased, by or "", reason, progress, show.say)
    if follow:
        _follow(request, output, poll, project, json, progress)
    elif json:
        show.json(_predict(request, output, reveal, force, project, progress))
    else:
        _show(_predict(request, output, reveal, force, project, progress))


def _predict(
    asked: BatchRequest, output: str, reveal: bool, force: bool, project: Where, progress: WritingProgress
) -> BatchResult:
    """Answers all rows that there are."""
    from comporta.acts.predict.predict import predict_batch as predicted
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        try:
            return predicted(
                opened, asked.version, asked.source, output, keep=asked.keep, chunk=asked.chunk,
                reveal=reveal, unreleased=asked.unreleased, force=force, by=asked.by, reason=asked.reason,
                progress=progress, say=show.say,
            )  # fmt: skip
        finally:
            progress.end()


def _show(done: BatchResult) -> None:
    """What was answered, and where it is."""
    if done.resumed:
        show.aside(say.PREDICT_RESUMED.format(rows=done.resumed))
    if done.path:
        size = show.size(done.size)
        text = say.PREDICTED.format(
            version=done.version, rows=done.rows, source=done.source, path=done.path, size=size
        )
    elif done.rows:
        text = say.PREDICT_ADDED.format(
            version=done.version, rows=done.rows, source=done.source, dataset=done.dataset
        )
    else:
        text = (say.PREDICT_NOTHING_NEW if done.dataset else say.PREDICT_NO_ROWS).format(
            version=done.version, source=done.source, dataset=done.dataset
        )
    show.line(text)


def _follow(
    request: BatchRequest, output: str, poll: int, project: Where, json: bool, progress: WritingProgress
) -> None:
    """Says each addition, and at the end how many rows were answered in all."""
    from comporta.acts.predict.follow import follow_dataset
    from comporta.cli.stop_signals import stop_on_signal
    from comporta.opened.project import open_project

    rows, more, version = 0, 0, request.version
    with open_project(project, works=True) as opened, stop_on_signal() as stop:
        if not json:
            show.aside(say.PREDICT_FOLLOWS.format(version=version, source=request.source, output=output))
        with closing(follow_dataset(opened, request, output, poll=poll, stop=stop)) as results:
            for done in results:
                progress.end()
                version = done.version
                rows, more = (rows, done.rows) if done.stopped else (rows + done.rows, 0)
                if json:
                    show.json_line(done)
                elif not done.stopped:
                    _show(done)
    if not json:
        text = say.PREDICT_FOLLOW_STOPPED if more else say.PREDICT_FOLLOW_ENDED
        show.line(text.format(version=version, rows=rows, source=request.source, more=more))
