"""`comporta predict`: a version's answers to many rows, in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from comporta.cli import completed_values as offered
from comporta.cli import show
from comporta.cli.options import AsJson, By, Force, Reason, Unreleased, Where, between
from comporta.cli.words import words as say


def predict_batch(
    version: Annotated[str, Parameter(help=say.PREDICT_VERSION, **offered.completes(offered.versions))],
    /,
    *,
    input: Annotated[str, Parameter(help=say.PREDICT_INPUT)],
    output: Annotated[Path, Parameter(help=say.PREDICT_OUTPUT)],
    keep: Annotated[tuple[str, ...], Parameter(help=say.PREDICT_KEEP, negative="")] = (),
    chunk: Annotated[
        int, Parameter(help=say.PREDICT_CHUNK, show_default=True, validator=between(1, 10_000_000))
    ] = 100_000,
    reveal: Annotated[bool, Parameter(help=say.PREDICT_REVEAL, negative="")] = False,
    unreleased: Unreleased = False,
    force: Force = False,
    by: By = None,
    reason: Reason = "",
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Write a version's answers to the rows of a dataset or of files, made as a server makes them.

    Memory does not grow with the rows. Stopped, the same command goes on where it was. The ledger has who
    did it.
    """
    from comporta.acts.predict.predict import predict_batch as predicted
    from comporta.cli.progress import WritingProgress
    from comporta.opened.project import open_project

    progress = WritingProgress(input)
    with open_project(project) as opened:
        try:
            done = predicted(
                opened, version, input, output, keep=keep, chunk=chunk, reveal=reveal, unreleased=unreleased,
                force=force, by=by or "", reason=reason, progress=progress, say=show.say,
            )  # fmt: skip
        finally:
            progress.end()
    if json:
        show.json(done)
        return
    if done.resumed:
        show.aside(say.PREDICT_RESUMED.format(rows=done.resumed))
    size = show.size(done.size)
    show.line(
        say.PREDICTED.format(
            version=done.version, rows=done.rows, source=done.source, path=done.path, size=size
        )
    )
