"""A version as frames: its metrics, verdicts and evidence, and the rows that it was judged on."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Literal

import polars as pl

from comporta.acts.judge.report import findings, presentation
from comporta.acts.release.release import version_view
from comporta.errors import NotFound
from comporta.opened.findings import scores_at
from comporta.opened.permission import require_permission
from comporta.opened.positive_class import positive_class
from comporta.opened.project import OpenProject
from comporta.opened.sentences import sentence
from comporta.records import Figure, Verdict, Version
from comporta.report import ReportedVerdict, tell
from comporta.report.contents import cell_text
from comporta.report.standing import findings_in_text, heading, in_text
from comporta.store.frames import read

Part = Literal["train", "test", "predictions"]

FIGURES = "figures"
"""The name of the frame with the figures of evidence."""

_FIGURE = {
    "metric": pl.String,
    "slice": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "rows": pl.Int64,
}
_VERDICT = {
    "check": pl.String,
    "title": pl.String,
    "outcome": pl.String,
    "required": pl.Boolean,
    "blocks": pl.Boolean,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "limit": pl.Float64,
    "reason": pl.String,
    "section": pl.String,
}


def reported_verdicts(opened: OpenProject, version: Version) -> tuple[ReportedVerdict, ...]:
    """Every verdict of a version in words, as it stands now, without its findings. Raises Forbidden."""
    require_permission(opened, "version.read", model=version.model)
    section = presentation(opened, version.model).section
    return tell(version, opened.now(), None, sentence, section, positive_class(opened, version))


def verdicts_frame(rows: Iterable[ReportedVerdict]) -> pl.DataFrame:
    """A row for each verdict: outcome, whether it blocks now, figure against limit, reason."""
    cells = []
    for each in rows:
        figure = each.verdict.figure
        numbers = (None, None, None) if figure is None else (figure.value, figure.low, figure.high)
        cells.append(
            (
                each.verdict.check,
                each.title,
                each.verdict.outcome,
                each.verdict.required,
                each.blocks,
                *numbers,
                each.verdict.limit,
                each.reason,
                each.section,
            )
        )
    return pl.DataFrame(cells, schema=_VERDICT, orient="row")


def metrics_frame(opened: OpenProject, name: str) -> pl.DataFrame:
    """A row for each metric on the test rows, overall (`slice` is empty) and by slice, with its interval.
    Raises NotFound, Tampered."""
    version = version_view(opened, name)
    return _figures(scores_at(opened.context, version.parts["scores"]).figures)


def evidence_frames(opened: OpenProject, name: str, check: str) -> dict[str, pl.DataFrame]:
    """What one check of a version rests on: `figures`, and each table by its title. check: its id or title.

    Raises NotFound, also where nothing was measured for it or that was deleted since.
    """
    version = version_view(opened, name)
    found = findings(opened.context, _verdict(version, check))
    if found is None:
        raise NotFound(
            f"{version.id}: found no evidence of {check!r}: nothing was measured for it, or it was deleted."
        )
    told = findings_in_text(found, sentence)
    frames = {FIGURES: _figures(told.figures)}
    for table in told.tables:
        title = heading(table, sentence)
        cells = [[_cell(cell) for cell in row] for row in table.rows]
        columns = {
            column: pl.Series(column, [row[at] for row in cells], strict=False)
            for at, column in enumerate(title.columns)
        }
        frames[title.title] = pl.DataFrame(columns)
    return frames


def part_frame(opened: OpenProject, name: str, part: Part) -> pl.DataFrame:
    """Rows that a version learned from or was judged on, as they are kept with it: `__key`, `__at`,
    `__target` and the features, and of predictions the answers. Raises NotFound, Tampered, Refused."""
    version = version_view(opened, name)
    for each in {each.dataset for each in version.read} or {""}:
        require_permission(opened, "data.read", dataset=each)
    return read(opened.context, version.parts[part])


def _verdict(version: Version, check: str) -> Verdict:
    """The verdict with this id or title; of two, the one on the check as it is now. Raises NotFound."""
    titles = {sentence(each.display_title): each for each in version.verdicts}
    found = titles.get(check) or next((each for each in version.verdicts if each.check == check), None)
    if found is None:
        near = get_close_matches(check, titles, n=1)
        tip = f" Did you mean {near[0]!r}?" if near else ""
        known = "; ".join(titles) or "none"
        raise NotFound(f"{version.id}: found no check {check!r}, expected one of: {known}.{tip}")
    return found


def _figures(figures: Iterable[Figure]) -> pl.DataFrame:
    cells = [
        (each.metric, each.slice, each.value, each.low, each.high, each.rows)
        for each in (in_text(figure, sentence) for figure in figures)
    ]
    return pl.DataFrame(cells, schema=_FIGURE, orient="row")


def _cell(cell: object) -> object:
    return cell if cell is None or isinstance(cell, str | int | float | bool) else cell_text(cell)  # type: ignore[arg-type]
