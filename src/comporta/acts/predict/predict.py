"""A version's answers to many rows, in a file: made as a server makes them, part by part."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import polars as pl
from msgspec.structs import replace

from comporta.acts.predict.parts import BatchParts, BatchPlan, batch_parts
from comporta.acts.predict.rows import BatchRows, batch_rows
from comporta.acts.release.fetch import is_releasable
from comporta.acts.release.release import version_of
from comporta.acts.serve.score import score_frame
from comporta.acts.serve.serving import ReleasedVersions
from comporta.data.encode import raising_storage_full
from comporta.data.export import ExportForm, RowProgress, form_of, require_exportable
from comporta.errors import BadData, BadProject, Refused
from comporta.opened.people import reason_of
from comporta.opened.permission import Permission, permission
from comporta.opened.project import OpenProject
from comporta.opened.sentences import Say, sentence
from comporta.opened.written_file import require_outside
from comporta.records import Record
from comporta.records.facts import BatchPredicted
from comporta.records.features import Bundle
from comporta.records.named_column import by_names
from comporta.serve import LoadedVersion
from comporta.store.drafts import draft_of, require_free

CHUNK = 100_000
VERSION = "version"
"""The column that says which version answered."""


class BatchResult(Record, frozen=True, kw_only=True):
    """What was written. source: `customers@3`, or the files. resumed: rows that an earlier, stopped run had
    answered."""

    version: str
    source: str
    path: str
    rows: int
    resumed: int
    columns: tuple[str, ...]
    size: int


def predict_batch(
    opened: OpenProject,
    name: str,
    source: str,
    target: Path,
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
    """Writes an answer for each row, in order, with the columns of `score_frame` and `version`.

    source: a dataset, `customers@3`, or files by a glob. target: ends in `.parquet` or `.csv`. keep: columns
    of the rows that stand beside the answers; none: the key. reveal: also personal ones. unreleased: also by
    a version that is not released and could not be; both need a reason. force: what is there goes. chunk:
    rows in memory at a time. Stopped and asked again, it goes on where it was. Raises NotFound, Tampered,
    Refused, StorageFull, BadData on rows that the model does not take, BadProject on a file that cannot be
    written.
    """
    version = version_of(opened, name)
    who = permission(opened, "model.predict", by=by, version=version, say=say)
    releasable = is_releasable(opened, version, who, unreleased, reason, say)
    shape = opened.context.get_json(version.parts["bundle"], Bundle).shape
    rows = batch_rows(opened, source, shape)
    form = form_of(target)
    if form == "delta":
        raise BadProject(f"{target}: found no ending, expected .parquet or .csv.")
    require_outside(target)
    require_free(target, folder=False, replace=force)
    loaded = ReleasedVersions(opened).load(version.model, version.number)
    kept = _columns_beside(rows, keep, shape.key)
    revealed = _require_shown(rows, kept, reveal, reason)
    fact = BatchPredicted(
        model=version.model, number=version.number, dataset=rows.dataset, dataset_number=rows.number,
        form=form, rows=0, columns=kept, revealed=revealed, by=who.identify(),
        reason=reason_of(opened, reason), releasable=releasable,
    )  # fmt: skip
    marked = version.id if releasable else f"{version.id} (unreleased)"
    plan = BatchPlan(version=marked, source=rows.state, chunk=chunk, columns=kept)
    with batch_parts(target, plan, anew=force) as parts:
        before = parts.done * chunk
        _answer(rows, loaded, parts, plan, form, opened.clock(), progress)
        return _write(target, parts, fact, who, rows.named, before, force)


def _write(
    target: Path,
    parts: BatchParts,
    fact: BatchPredicted,
    who: Permission,
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
        who.append(replace(fact, rows=rows))
    return BatchResult(
        version=f"{fact.model}/{fact.number}", source=source, path=str(target), rows=rows,
        resumed=min(before, rows), columns=tuple(answers.collect_schema()), size=size,
    )  # fmt: skip


def _answer(
    rows: BatchRows,
    loaded: LoadedVersion,
    parts: BatchParts,
    plan: BatchPlan,
    form: ExportForm,
    now: datetime,
    progress: RowProgress | None,
) -> None:
    """The parts that are not there yet."""
    total = rows.total() or 0
    done = parts.done * plan.chunk
    for chunk in rows.chunks(plan.chunk, done):
        if missing := [each for each in plan.columns if each not in chunk.columns]:
            raise _missing_error(missing, chunk.columns)
        answers = score_frame(loaded, chunk, now=now)
        if taken := [each for each in plan.columns if each in (*answers.columns, VERSION)]:
            raise BadProject(
                f"--keep: found {', '.join(taken)}, which the answers have too, expected other names. Rename "
                "it in the rows, or leave it out."
            )
        beside = chunk.select(by_names(plan.columns))
        require_exportable(rows.named, beside.schema, form)
        marked = answers.with_columns(pl.lit(plan.version).alias(VERSION))
        parts.add(pl.concat([beside, marked], how="horizontal"))
        done += chunk.height
        if progress is not None:
            progress(done, total)
    if not done:
        raise BadData(f"{rows.named}: found no rows, expected at least one.")


def _columns_beside(rows: BatchRows, asked: Sequence[str], key: tuple[str, ...]) -> tuple[str, ...]:
    """The columns beside the answers: as asked, or the key as far as the rows have it."""
    there = rows.columns
    if not asked:
        return key if there is None else tuple(each for each in key if each in there)
    if there is not None and (missing := [each for each in asked if each not in there]):
        raise _missing_error(missing, there)
    return tuple(dict.fromkeys(asked))


def _missing_error(missing: Sequence[str], there: Sequence[str]) -> BadProject:
    return BadProject(
        f"--keep: found no column {', '.join(missing)} in the rows, expected some of {', '.join(there)}."
    )


def _require_shown(rows: BatchRows, kept: Sequence[str], reveal: bool, reason: str) -> tuple[str, ...]:
    """The personal columns among these. Raises Refused unless they are to be shown, for a reason."""
    personal = tuple(each for each in kept if each in rows.personal)
    if personal and not (reveal and reason.strip()):
        raise Refused(
            f"{', '.join(personal)}: found a personal column beside the answers, expected --reveal --reason "
            "WHY, which is recorded, or other columns: --keep COLUMN."
        )
    return personal
