"""What a batch is asked for, who answers it, and the answers part by part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Literal, NamedTuple

import polars as pl

from comporta.acts.predict.ids import row_hashes
from comporta.acts.predict.marks import marked_answers, part_of
from comporta.acts.predict.parts import BatchParts, BatchPlan
from comporta.acts.predict.rows import BatchRows
from comporta.acts.release.fetch import is_releasable
from comporta.acts.release.release import version_of
from comporta.acts.serve.score import score_frame
from comporta.acts.serve.serving import ReleasedVersions
from comporta.data.export import RowProgress, require_exportable
from comporta.errors import BadProject
from comporta.opened.people import reason_of
from comporta.opened.permission import Permission, permission
from comporta.opened.project import OpenProject
from comporta.opened.sentences import Say
from comporta.records import DatasetSchema, Record, Version
from comporta.records.facts import BatchPredicted
from comporta.records.features import Bundle
from comporta.records.named_column import by_names
from comporta.serve import LoadedVersion

BatchForm = Literal["parquet", "csv", "dataset"]


class BatchRequest(NamedTuple):
    """version: as it is asked for. source: rows, as they are asked for. The rest as in `predict_batch`."""

    version: str
    source: str
    keep: Sequence[str]
    chunk: int
    unreleased: bool
    by: str
    reason: str
    progress: RowProgress | None
    say: Say


class BatchJob(NamedTuple):
    """Who may and does answer. shape: of the rows that the model is asked about. version_mark: what the
    column `version` says."""

    opened: OpenProject
    request: BatchRequest
    version: Version
    who: Permission
    releasable: bool
    shape: DatasetSchema

    @property
    def version_mark(self) -> str:
        """The version's id; of one that could not be released, with a word that says so."""
        return self.version.id if self.releasable else f"{self.version.id} (unreleased)"

    def load(self) -> LoadedVersion:
        """The version in memory, with the history that is joined as it is now. Raises NotFound, Tampered."""
        return ReleasedVersions(self.opened).load(self.version.model, self.version.number)

    def fact(
        self, dataset: str, number: int, form: BatchForm, columns: tuple[str, ...], batch: str
    ) -> BatchPredicted:
        """What the ledger is to say of a batch on these rows; how many there are is not said yet."""
        return BatchPredicted(
            model=self.version.model, number=self.version.number, dataset=dataset, dataset_number=number,
            form=form, rows=0, columns=columns, revealed=(), by=self.who.identify(),
            reason=reason_of(self.opened, self.request.reason), releasable=self.releasable, batch=batch,
        )  # fmt: skip


class BatchResult(Record, frozen=True, kw_only=True):
    """What was written. source: `customers@3`, or the files. path: of a file. dataset: `scores@4`, where the
    answers were added to one. resumed: rows that an earlier, stopped run had answered. size: of a file,
    bytes. number: the version of the dataset up to which rows are answered. stopped: not all of them are."""

    version: str
    source: str
    path: str = ""
    rows: int
    resumed: int
    columns: tuple[str, ...]
    size: int = 0
    dataset: str = ""
    number: int = 0
    stopped: bool = False


def begin_job(opened: OpenProject, request: BatchRequest) -> BatchJob:
    """Raises NotFound, Forbidden, Refused unless the version may answer them."""
    version = version_of(opened, request.version)
    who = permission(opened, "model.predict", by=request.by, version=version, say=request.say)
    releasable = is_releasable(opened, version, who, request.unreleased, request.reason, request.say)
    shape = opened.context.get_json(version.parts["bundle"], Bundle).shape
    return BatchJob(opened, request, version, who, releasable, shape)


def answer_rows(
    job: BatchJob,
    rows: BatchRows,
    loaded: LoadedVersion,
    parts: BatchParts,
    form: BatchForm,
    *,
    fits: Callable[[pl.DataFrame], None] = lambda part: None,
    stop: Callable[[], bool] = lambda: False,
) -> bool:
    """Adds the parts that are not there yet. False: it was to stop before all were. fits: raises where a part
    is not what its target takes; asked of the first alone."""
    total, plan, now = rows.total() or 0, parts.plan, job.opened.clock()
    done, first = parts.done * plan.chunk, True

    def write(chunk: pl.DataFrame, answers: pl.DataFrame, check: bool) -> int:
        part = _part(job, rows, plan, form, chunk, answers, now)
        if check:
            fits(part)
        parts.add(part)
        return chunk.height

    writing: Future[int] | None = None
    with ThreadPoolExecutor(1) as pool:  # one part is written while the next is answered
        for chunk in rows.chunks(plan.chunk, done):
            if stop():
                break
            require_columns(plan.columns, chunk.columns, rows.shape)
            answers = score_frame(loaded, chunk, now=now)
            done += _finish_part(job, writing, done, total)
            writing = pool.submit(write, chunk, answers, first)
            if first:
                writing.result()  # what its target does not take is said before more is answered
                first = False
        else:
            _finish_part(job, writing, done, total)
            return True
    return False


def _finish_part(job: BatchJob, writing: Future[int] | None, done: int, total: int) -> int:
    """Rows of the part that was being written, once it is; told to whoever watches."""
    if writing is None:
        return 0
    rows = writing.result()
    if job.request.progress is not None:
        job.request.progress(done + rows, total)
    return rows


def _part(
    job: BatchJob,
    rows: BatchRows,
    plan: BatchPlan,
    form: BatchForm,
    chunk: pl.DataFrame,
    answers: pl.DataFrame,
    now: datetime,
) -> pl.DataFrame:
    """Columns of the rows, their answers, and where these are from."""
    beside = chunk.select(by_names(plan.columns))
    if form != "dataset":
        require_exportable(rows.named, beside.schema, form)
    hashes = row_hashes(chunk, rows.shape, job.opened.keys) if plan.batch else None
    if form == "dataset":
        return part_of(beside, answers, hashes, now)
    return marked_answers(part_of(beside, answers, hashes, None), plan)


def require_columns(wanted: Sequence[str], there: Sequence[str], shape: DatasetSchema) -> None:
    """Raises BadProject where a column that is to stand beside the answers is not in the rows."""
    missing = [each for each in wanted if each not in there]
    if not missing:
        return
    needed = [each for each in missing if each in shape.key or each == shape.subject]
    if needed:
        raise BadProject(
            f"{shape.name}: found no column {', '.join(needed)} in the rows, expected it: by its key and its "
            f"subject an answer is found again and erased. The rows have {', '.join(there)}."
        )
    raise BadProject(
        f"--keep: found no column {', '.join(missing)} in the rows, expected some of {', '.join(there)}."
    )
