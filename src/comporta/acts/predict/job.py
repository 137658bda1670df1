"""What a batch is asked for, who answers it, and the answers part by part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

import polars as pl

from comporta.acts.predict.ids import prediction_ids
from comporta.acts.predict.parts import BatchParts
from comporta.acts.predict.rows import BatchRows
from comporta.acts.release.fetch import is_releasable
from comporta.acts.release.release import version_of
from comporta.acts.serve.score import score_frame
from comporta.acts.serve.serving import ReleasedVersions
from comporta.data.export import RowProgress, require_exportable
from comporta.errors import BadProject
from comporta.opened.batches import INPUT, PREDICTED_AT, PREDICTION_ID, VERSION
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
    done = parts.done * plan.chunk
    first = True
    for chunk in rows.chunks(plan.chunk, done):
        if stop():
            return False
        require_columns(plan.columns, chunk.columns, rows.shape)
        part = _part(job, rows, loaded, parts, form, chunk, now)
        if first:
            fits(part)
            first = False
        parts.add(part)
        done += chunk.height
        if job.request.progress is not None:
            job.request.progress(done, total)
    return True


def _part(
    job: BatchJob,
    rows: BatchRows,
    loaded: LoadedVersion,
    parts: BatchParts,
    form: BatchForm,
    chunk: pl.DataFrame,
    now: datetime,
) -> pl.DataFrame:
    """Columns of the rows, their answers, and where these are from."""
    plan = parts.plan
    answers = score_frame(loaded, chunk, now=now)
    beside = chunk.select(by_names(plan.columns))
    if form != "dataset":
        require_exportable(rows.named, beside.schema, form)
    marks: list[pl.Expr | pl.Series] = [pl.lit(plan.version).alias(VERSION)]
    if form == "dataset":
        marks.append(pl.lit(rows.named if rows.dataset else "files").alias(INPUT))
    if plan.batch:
        marks.append(prediction_ids(plan.batch, chunk, rows.shape, job.opened.keys).alias(PREDICTION_ID))
    if form == "dataset":
        marks.append(pl.lit(now, dtype=pl.Datetime("us", "UTC")).alias(PREDICTED_AT))
    marked = answers.with_columns(marks)
    if taken := [each for each in plan.columns if each in marked.columns]:
        raise BadProject(
            f"{', '.join(taken)}: found a column of the rows, which the answers have too, expected other "
            "names beside the answers. Rename it in the rows, or leave it out of --keep."
        )
    return pl.concat([beside, marked], how="horizontal")


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
