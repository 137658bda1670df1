"""What acts return, as objects that show themselves: printed as text, and drawn in a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from comporta.acts.build.commit_checks import SampleVerdicts
from comporta.acts.build.run_views import RunView
from comporta.acts.data.datasets import DatasetView
from comporta.acts.trace.tree import TraceTree, tree_lines, tree_svg
from comporta.api.listing import align
from comporta.api.model import TrainedVersion
from comporta.errors import BadProject
from comporta.opened.sentences import sentence
from comporta.opened.written_file import replacing
from comporta.project import ProjectFault
from comporta.records import Drawings, Run, Slice
from comporta.records.column_type import base_type
from comporta.records.visible import visible
from comporta.report import Report, junit, markdown, page
from comporta.report.fragment import frame_page, table, verdict_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from comporta.data import DatasetDiff


def run_line(run: Run) -> str:
    """`run 2026… done: 7 steps, 3 of them reused`"""
    reused = f", {len(run.reused)} of them reused" if run.reused else ""
    return f"run {run.id} {run.outcome}: {len(run.nodes)} steps{reused}"


class ProjectRun:
    """What a run came to. run: its record. versions: one for each model. fresh: ids of those that are new or
    have new verdicts. datasets: the versions that were read."""

    def __init__(
        self,
        run: Run,
        versions: tuple[TrainedVersion, ...],
        fresh: tuple[str, ...],
        datasets: tuple[Slice, ...],
    ) -> None:
        self.run, self.versions, self.fresh, self.datasets = run, versions, fresh, datasets

    def __repr__(self) -> str:
        return "\n".join([f"<{run_line(self.run)}>", *map(repr, self.versions)])

    def _repr_html_(self) -> str:
        return table((), (), run_line(self.run)) + "".join(each._repr_html_() for each in self.versions)


class ProjectCheck:
    """Every error of the declaration; and at the level `commit` the quick gates of each model on a sample.

    faults: with file and line. models: their verdicts, where they were asked."""

    def __init__(self, faults: tuple[ProjectFault, ...], models: tuple[SampleVerdicts, ...] = ()) -> None:
        self.faults, self.models = faults, models

    @property
    def fails(self) -> bool:
        """Whether there is an error, or a required gate failed or could not be measured."""
        return bool(self.faults) or any(each.fails for each in self.models)

    def __repr__(self) -> str:
        lines = [str(fault) for fault in self.faults] or ["no errors"]
        for each in self.models:
            failed = [row.title for row in each.report_rows() if row.blocks]
            lines.append(f"{each.model}: {'; '.join(failed) if failed else 'no quick gate fails'}")
        return "\n".join(visible(line) for line in lines)

    def _repr_html_(self) -> str:
        if self.faults:
            rows = [(f"{each.file}:{each.line}", each.message) for each in self.faults]
            return table(("where", "error"), rows, f"{len(rows)} errors" if len(rows) > 1 else "1 error")
        parts = [
            verdict_table(each.report_rows(), f"{each.model}, on a sample", say=sentence)
            for each in self.models
        ]
        return "".join(parts) or table((), (), "no errors")


class RunSteps:
    """One run, step by step. view: the run, its steps with their costs, and what they printed."""

    def __init__(self, view: RunView) -> None:
        self.view = view

    @property
    def logs(self) -> dict[str, str]:
        """Step → what it printed, where it printed anything."""
        return self.view.logs

    def to_frame(self) -> pl.DataFrame:
        """A row for each step: `step`, `state`, `wall_seconds`, `cpu_seconds`, `peak_memory`, `run` (its
        function), `recipe`."""
        return pl.DataFrame(self._rows(), schema=_STEPS, orient="row")

    def __repr__(self) -> str:
        shown = [(node, state, f"{wall:.1f} s") for node, state, wall, *_ in self._rows()]
        return f"<{run_line(self.view.run)}>\n{align(('step', 'state', 'wall'), shown)}"

    def _repr_html_(self) -> str:
        shown = [
            (node, state, f"{wall:.1f} s", f"{cpu:.1f} s", f"{memory / 1e6:.0f} MB", recipe[:12])
            for node, state, wall, cpu, memory, recipe in self._rows()
        ]
        return table(("step", "state", "wall", "cpu", "memory", "recipe"), shown, run_line(self.view.run))

    def _rows(self) -> list[tuple[str, str, float, float, int, str]]:
        run = self.view.run
        return [
            (
                node,
                "reused" if node in run.reused else "done",
                step.cost.wall_seconds,
                step.cost.cpu_seconds,
                step.cost.peak_memory,
                recipe,
            )
            for node, recipe in run.nodes.items()
            if (step := self.view.steps.get(node))
        ] + [(node, why, 0.0, 0.0, 0, "") for node, why in self.view.failed.items()]


_STEPS = {
    "step": pl.String,
    "state": pl.String,
    "wall_seconds": pl.Float64,
    "cpu_seconds": pl.Float64,
    "peak_memory": pl.Int64,
    "recipe": pl.String,
}


class VersionReport:
    """The report of a version. report: its data. html: the whole page, with pictures."""

    def __init__(self, report: Report, drawings: Callable[[str], Drawings]) -> None:
        self.report = report
        self.html = page(report, drawings, sentence)

    @property
    def releasable(self) -> bool:
        """Whether no check blocks its release."""
        return self.report.releasable

    def write(self, file: str | Path) -> Path:
        """The file, written whole: `.html` the page, `.md` Markdown, `.xml` JUnit. Raises BadProject."""
        target = Path(file)
        if target.suffix not in (".html", ".md", ".xml"):
            raise BadProject(f"found {target.name!r}, expected a name ending in .html, .md or .xml.")
        text = self.html
        if target.suffix != ".html":
            text = (markdown if target.suffix == ".md" else junit)(self.report, sentence)
        with replacing(target) as out:
            out.write(text)
        return target

    def __repr__(self) -> str:
        return markdown(self.report, sentence)

    def _repr_html_(self) -> str:
        return frame_page(self.html)


class Trace:
    """Where a thing came from and what it touched. tree: its data. A notebook draws it."""

    def __init__(self, tree: TraceTree) -> None:
        self.tree = tree

    def __repr__(self) -> str:
        return "\n".join(visible(line) for line in tree_lines(self.tree))

    def _repr_html_(self) -> str:
        return f"<div class='comporta' style='overflow-x:auto'>{tree_svg(self.tree)}</div>"


class DatasetSummary:
    """One version of a dataset: what its columns hold. view: its data. Values of personal columns are left
    out."""

    def __init__(self, view: DatasetView) -> None:
        self.view = view

    def columns(self) -> pl.DataFrame:
        """A row for each column: its type, missing values, distinct values, least and most."""
        return pl.DataFrame(self._rows(), schema=_COLUMNS, orient="row")

    def __repr__(self) -> str:
        return f"<{self._title()}>\n{align(tuple(_COLUMNS), self._rows())}"

    def _repr_html_(self) -> str:
        return table(tuple(_COLUMNS), self._rows(), self._title())

    def _title(self) -> str:
        found = self.view.description
        return f"{found.dataset}@{found.number}, {found.rows:,} rows, key {', '.join(found.key)}"

    def _rows(self) -> list[tuple[str, str, int, int, str | None, str | None, str]]:
        return [
            (
                each.name,
                base_type(each.type),
                each.nulls,
                each.distinct,
                "personal" if each.personal else each.least,
                None if each.personal else each.most,
                each.meaning,
            )
            for each in self.view.description.columns
        ]


_COLUMNS = {
    "column": pl.String,
    "type": pl.String,
    "missing": pl.Int64,
    "distinct": pl.Int64,
    "min": pl.String,
    "max": pl.String,
    "meaning": pl.String,
}


class DatasetDifference:
    """What differs between two versions of a dataset. difference: its data."""

    def __init__(self, difference: DatasetDiff) -> None:
        self.difference = difference

    def __repr__(self) -> str:
        return f"<{self._title()}>"

    def _repr_html_(self) -> str:
        found = self.difference
        rows = [("added", each.key, each.new) for each in found.added_rows]
        rows += [("removed", each.key, each.old) for each in found.removed_rows]
        rows += [
            ("changed", each.key, {name: each.new[name] for name in each.old}) for each in found.changed_rows
        ]
        shown = [(what, _values(key), _values(values)) for what, key, values in rows]
        columns = [("added", name, kind) for name, kind in found.columns_added.items()]
        columns += [("removed", name, kind) for name, kind in found.columns_removed.items()]
        columns += [("type", name, " → ".join(kinds)) for name, kinds in found.columns_changed.items()]
        heads = ("change", "key", "values") if shown else ()
        more = table(("change", "column", "type"), columns) if columns else ""
        return table(heads, shown, self._title()) + more

    def _title(self) -> str:
        found = self.difference
        return (
            f"{found.dataset} from version {found.old} to {found.new}: {found.added:,} rows added, "
            f"{found.changed:,} changed, {found.removed:,} removed"
        )


def _values(values: dict[str, object]) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())
