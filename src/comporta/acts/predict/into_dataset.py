"""A version's answers added to a dataset: one version of it, committed with how far the rows are answered.

What is answered lies in parts below `.comporta/batches` until all is; then one entry of the dataset's log
says that these rows are there, and up to which version of the input. Killed at any moment, the same act goes
on: it loses no row, and adds none twice. See docs/why/answers-in-datasets.md.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import polars as pl
from msgspec.structs import replace

from comporta.acts.predict.erased import carry_erasures
from comporta.acts.predict.ids import batch_id
from comporta.acts.predict.job import (
    BatchJob,
    BatchRequest,
    BatchResult,
    answer_rows,
    begin_job,
)
from comporta.acts.predict.marks import marked_answers
from comporta.acts.predict.output import output_schema, require_fits, require_output
from comporta.acts.predict.parts import BatchParts, BatchPlan, batch_folder
from comporta.acts.predict.rows import (
    BatchRows,
    batch_rows,
    dataset_rows,
    is_files,
    require_readable,
    rows_since,
)
from comporta.data import add, manifest_of
from comporta.data.dataset_log import OffsetMove, SourceOffset, VersionOffset, read_log
from comporta.data.names import dataset_and_number
from comporta.errors import BadData
from comporta.opened.batches import BATCHES, INPUT, PREDICTED_AT, PREDICTION_ID, VERSION, is_answer
from comporta.opened.follow import follow_one
from comporta.opened.project import OpenProject
from comporta.records.access import Scope
from comporta.serve import LoadedVersion

BATCHES_FOLDER = "batches"
_FRAGMENT, _RUN = 32 << 20, 64 << 20
"""Bytes in memory of a file of answers, and of what is sorted at once: beside a model there is less room."""


def predict_into_dataset(
    opened: OpenProject, request: BatchRequest, output: str, *, stop: Callable[[], bool] = lambda: False
) -> BatchResult:
    """Adds an answer for each row that this version has not answered there yet, as one version of `output`.

    Of a dataset, rows are answered once each: those with a new key, and again those whose values that the
    model reads, or that are kept, have changed, as new rows. Of files all are, each time. Each has the key,
    the subject and `keep` of its row, its answer, `version`, `input`, `prediction_id` and `predicted_at`; the
    dataset's key is the rows' with `prediction_id`, its subject theirs. stop: asked before each chunk; what
    is answered by then stays, and the next such call goes on from it. Raises as `predict_batch`, and Busy
    where another process adds the same.
    """
    job = begin_job(opened, request)
    files = is_files(opened, request.source)
    dataset, number = ("", None) if files else dataset_and_number(request.source)
    job.who.also("data.write", Scope(dataset=output), request.say)
    require_output(opened, output, dataset)
    if not files:
        require_readable(opened, dataset)
    at = _settle(job, output, dataset)
    folder = opened.below / BATCHES_FOLDER / f"{output}.{job.version.model}-{job.version.number}"
    with batch_folder(folder, output) as place:
        begun = place.plan()
        if files:
            rows = batch_rows(opened, request.source, job.shape)
            reached, until = 0, 0
        else:
            reached = 0 if at is None else at.offset.number
            until = number or manifest_of(opened.store, opened.keys, dataset).number
            if begun is not None and begun.after == reached < begun.number < until:
                until = begun.number  # what was begun first, and what came since after it
            if until <= reached:
                if begun is not None and begun.after != reached:
                    place.clear()  # what an earlier run had committed when it was killed
                return _nothing_new(job, dataset, reached, output)
            rows = dataset_rows(opened, dataset, until)
        loaded = job.load()
        kept = _columns(rows, request)
        if reached:
            read = [*(each.name for each in loaded.signature.raw), *kept]
            rows = rows_since(opened, dataset, reached, until, [*read, *filter(None, (loaded.time,))])
        plan = BatchPlan(
            version=job.version_mark, source=rows.state, chunk=request.chunk, columns=kept,
            batch=batch_id(opened.clock()), number=until, after=reached, hashed=True,
        )  # fmt: skip
        parts = place.begin(plan, anew=True)
        result = _add_answers(job, rows, loaded, parts, output, at, stop)
        if not result.stopped:
            place.clear()
    return result


def _add_answers(
    job: BatchJob,
    rows: BatchRows,
    loaded: LoadedVersion,
    parts: BatchParts,
    output: str,
    at: VersionOffset | None,
    stop: Callable[[], bool],
) -> BatchResult:
    """Answers what is not answered yet, and commits all of it."""
    opened, plan = job.opened, parts.plan
    shape = output_schema(output, rows, plan.columns)
    before = parts.done * plan.chunk
    source = rows.named if rows.dataset else "files"

    def fits(part: pl.DataFrame) -> None:
        require_fits(opened, shape, rows.shape, marked_answers(part, plan, source))

    done = answer_rows(job, rows, loaded, parts, "dataset", fits=fits, stop=stop)
    result = BatchResult(
        version=job.version.id, source=rows.named, rows=0, resumed=0, columns=(), number=rows.number,
        stopped=not done,
    )  # fmt: skip
    if not parts.done:
        if not rows.dataset and done:
            raise BadData(f"{rows.named}: found no rows, expected at least one.")
        return result
    answers = parts.scan()
    count = int(answers.select(pl.len()).collect().item())
    columns = marked_answers(answers.head(0).collect(), plan, source).columns
    result = replace(result, rows=count, resumed=min(before, count), columns=tuple(columns))
    if not done:
        return result
    offset = SourceOffset(reader=job.version.id, dataset=rows.dataset, number=rows.number, batch=plan.batch)
    if at is None or at.offset != offset:  # else an earlier run was killed once they were there
        carry_erasures(opened, rows, output)
        with parts.scratch() as scratch:
            add(
                opened.store, opened.keys, shape,
                (marked_answers(each, plan, source) for each in parts.frames()),
                change="append", now=opened.clock(), scratch=scratch, within=_times(answers),
                fragment=_FRAGMENT, run=_RUN, offset=OffsetMove(None if at is None else at.offset, offset),
            )  # fmt: skip
    made = _settle(job, output, rows.dataset)
    if made is None or made.offset != offset:
        return replace(result, rows=0, resumed=0)  # all were of people who were erased meanwhile
    added = manifest_of(opened.store, opened.keys, output, made.number).added  # less those erased meanwhile
    return replace(result, rows=added, resumed=min(before, added), dataset=f"{output}@{made.number}")


def _times(answers: pl.LazyFrame) -> tuple[datetime, datetime]:
    """Between when they were given: the same answers can stand only there, so that nothing else is read."""
    at = pl.col(PREDICTED_AT)
    first, last = answers.select(at.min().alias("first"), at.max().alias("last")).collect().row(0)
    return first, last + timedelta(microseconds=1)


def _settle(job: BatchJob, output: str, dataset: str) -> VersionOffset | None:
    """How far the version has come, and the facts of it: an earlier run may have been killed before them."""
    opened = job.opened
    history = read_log(opened.store, opened.keys, output)
    if not history.versions:
        return None
    follow_one(opened, output)
    at = history.offsets.get((job.version.id, dataset))
    if at is not None and opened.ledger.get(BATCHES, at.offset.batch) is None:
        manifest = manifest_of(opened.store, opened.keys, output, at.number)
        marks = (VERSION, INPUT, PREDICTION_ID, PREDICTED_AT)
        beside = tuple(each for each in manifest.columns if each not in marks and not is_answer(each))
        fact = job.fact(dataset, at.offset.number, "dataset", beside, at.offset.batch)
        made = replace(fact, rows=manifest.added, output=output, output_number=at.number)
        job.who.append_decided(lambda view: () if view.get(BATCHES, made.batch) is not None else (made,))
    return at


def _nothing_new(job: BatchJob, dataset: str, reached: int, output: str) -> BatchResult:
    history = read_log(job.opened.store, job.opened.keys, output)
    return BatchResult(
        version=job.version.id, source=f"{dataset}@{reached}", rows=0, resumed=0, columns=(),
        number=reached, dataset=f"{output}@{history.versions[-1][0]}" if history.versions else "",
    )  # fmt: skip


def _columns(rows: BatchRows, request: BatchRequest) -> tuple[str, ...]:
    """The key and the subject, by which an answer is found again and erased, and what is asked for."""
    subject = () if rows.shape.subject is None else (rows.shape.subject,)
    return tuple(dict.fromkeys([*rows.shape.key, *subject, *request.keep]))
