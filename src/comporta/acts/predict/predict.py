"""A version's answers to many rows, in a file or a dataset: made as a server makes them, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
from msgspec.structs import replace

from comporta.acts.predict.ids import batch_id
from comporta.acts.predict.into_dataset import predict_into_dataset
from comporta.acts.predict.job import (
    BatchJob,
    BatchRequest,
    BatchResult,
    answer_rows,
    begin_job,
    require_columns,
)
from comporta.acts.predict.parts import BatchParts, BatchPlan, batch_folder
from comporta.acts.predict.rows import BatchRows, batch_rows
from comporta.data.encode import raising_storage_full
from comporta.data.export import RowProgress, form_of
from comporta.errors import BadData, BadProject, Refused
from comporta.opened.project import OpenProject
from comporta.opened.sentences import Say, sentence
from comporta.opened.written_file import require_outside
from comporta.records.facts import BatchPredicted
from comporta.store.drafts import draft_of, require_free

CHUNK = 100_000


def predict_batch(
    opened: OpenProject,
    name: str,
    source: str,
    target: str | Path,
    *,
    keep: Sequence[str] = (),
    chunk: int = CHUNK,
    reveal: bool = False,
    unreleased: bool = False,
    force: bool = False,
    by: str = "",
    reason: str = "",
    progress: RowProgress | None = None,
    say: Say = sentence,
) -> BatchResult:
    """Writes an answer for each row, with the columns of `score_frame`, `version`, and `prediction_id` where
    the rows are of a dataset.

    source: a dataset, `customers@3`, or files by a glob. target: a file that ends in `.parquet` or `.csv`, in
    the order of the rows; or the name of a dataset, without a dot or a slash (`predict_into_dataset`). keep:
    columns of the rows that stand beside the answers; none: the key. reveal: also personal ones, in a file.
    unreleased: also by a version that is not released and could not be; both need a reason. force: the file
    that is there goes. chunk: rows in memory at a time. Stopped and asked again, it goes on where it was.
    Raises NotFound, Tampered, Refused, Busy, StorageFull, BadData on rows that the model does not take,
    BadProject on what cannot be written.
    """
    request = BatchRequest(name, source, keep, chunk, unreleased, by, reason, progress, say)
    if is_dataset_name(target):
        if force or reveal:
            raise BadProject(
                f"{target}: found {'--force' if force else '--reveal'}, expected it with a file alone: a "
                "dataset keeps what it has, and marks what is personal. Leave it out."
            )
        return predict_into_dataset(opened, request, str(target))
    return _predict_into_file(opened, request, Path(target), reveal, force)


def is_dataset_name(target: str | Path) -> bool:
    """Whether answers go to a dataset of this name: text without a dot or a slash."""
    return isinstance(target, str) and not set("./") & set(target)


def _predict_into_file(
    opened: OpenProject, request: BatchRequest, target: Path, reveal: bool, force: bool
) -> BatchResult:
    job = begin_job(opened, request)
    rows = batch_rows(opened, request.source, job.shape)
    form = form_of(target)
    if form == "delta":
        raise BadProject(f"{target}: found no ending, expected .parquet or .csv.")
    require_outside(target)
    require_free(target, folder=False, replace=force)
    loaded = job.load()
    kept = _columns_beside(rows, request.keep, job.shape.key)
    revealed = _require_shown(rows, kept, reveal, request.reason)
    batch = batch_id(opened.clock()) if rows.dataset else ""
    plan = BatchPlan(
        version=job.version_mark, source=rows.state, chunk=request.chunk, columns=kept, batch=batch
    )
    with batch_folder(target.with_name(f".{target.name}.parts"), str(target)) as place:
        parts = place.begin(plan, anew=force)
        before = parts.done * request.chunk
        answer_rows(job, rows, loaded, parts, form)
        if not parts.done:
            raise BadData(f"{rows.named}: found no rows, expected at least one.")
        fact = job.fact(rows.dataset, rows.number, form, kept, parts.plan.batch)
        result = _write(job, target, parts, replace(fact, revealed=revealed), rows.named, before, force)
        place.clear()
    return result


def _write(
    job: BatchJob,
    target: Path,
    parts: BatchParts,
    fact: BatchPredicted,
    source: str,
    before: int,
    force: bool,
) -> BatchResult:
    """All parts as one file, and the fact of it. before: rows that were answered by an earlier run."""
    answers = parts.scan()
    rows = int(answers.select(pl.len()).collect().item())
    with draft_of(target, replace=force) as draft:
        with raising_storage_full(draft):
            answers.sink_csv(draft) if fact.form == "csv" else answers.sink_parquet(draft)
        size = draft.stat().st_size
        # The fact first: no answers are outside that the ledger does not know of.
        job.who.append(replace(fact, rows=rows))
    return BatchResult(
        version=job.version.id, source=source, path=str(target), rows=rows, resumed=min(before, rows),
        columns=tuple(answers.collect_schema()), size=size,
    )  # fmt: skip


def _columns_beside(rows: BatchRows, asked: Sequence[str], key: tuple[str, ...]) -> tuple[str, ...]:
    """The columns beside the answers: as asked, or the key as far as the rows have it."""
    there = rows.columns
    if not asked:
        return key if there is None else tuple(each for each in key if each in there)
    if there is not None:
        require_columns(asked, there, replace(rows.shape, key=(), subject=None))
    return tuple(dict.fromkeys(asked))


def _require_shown(rows: BatchRows, kept: Sequence[str], reveal: bool, reason: str) -> tuple[str, ...]:
    """The personal columns among these. Raises Refused unless they are to be shown, for a reason."""
    personal = tuple(each for each in kept if each in rows.personal)
    if personal and not (reveal and reason.strip()):
        raise Refused(
            f"{', '.join(personal)}: found a personal column beside the answers, expected --reveal --reason "
            "WHY, which is recorded, or other columns: --keep COLUMN."
        )
    return personal
