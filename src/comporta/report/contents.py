"""A report as data: each verdict with what it rests on, in the order in which people ask."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import field
from msgspec.structs import replace

from comporta.records import (
    Figure,
    Findings,
    Level,
    Record,
    Section,
    Staleness,
    TableCell,
    Text,
    Verdict,
    Version,
    Waiver,
    Words,
)
from comporta.records.verdict import OUTCOMES
from comporta.report.codes import CARRIED, HEADINGS, INFORMATIONAL, NOT_BLOCKING, STATUS, WAIVED


class TableHeading(Record, frozen=True, kw_only=True):
    """What people read of a table. title: what it is of. columns: above each of its columns."""

    title: str
    columns: tuple[str, ...]


class ReportedVerdict(Record, frozen=True, kw_only=True):
    """One verdict. title, reason: as sentences, in the language of who reads. findings: what was measured,
    where it is still kept, in words too. waiver: under which it does not block now. past: the
    waivers of it that are not in force: ended, replaced, or not needed now. decided_at: the level that
    decides it, where the one it was asked at had too few rows to tell, or None. metrics: what people read of
    each metric among the figures. headings: of each table of the findings, in their order. section: where a
    report tells it; section_title: what that is called. positive: the positive class, where the figure would
    be another with the other one. power: what a pass could have seen, as a sentence, or empty."""

    verdict: Verdict
    title: str
    reason: str
    findings: Findings | None = None
    waiver: Waiver | None = None
    past: tuple[Waiver, ...] = ()
    decided_at: Level | None = field(default=None, name="left")
    metrics: dict[str, str] = {}
    headings: tuple[TableHeading, ...] = ()
    section: Section = "own"
    section_title: str = ""
    positive: str = ""
    power: str = ""

    @property
    def blocks(self) -> bool:
        """Whether it blocks a release now."""
        return self.verdict.blocks and self.waiver is None and self.decided_at is None

    @property
    def status(self) -> Text:
        """The outcome, and what else there is to know of whether it counts: `fail, carried on, waived`."""
        marks = (
            (INFORMATIONAL, not self.verdict.required),
            (CARRIED, self.verdict.carried),
            (WAIVED, self.waiver is not None),
            (NOT_BLOCKING, self.decided_at is not None),
        )
        return STATUS(parts=(OUTCOMES[self.verdict.outcome](), *(mark() for mark, so in marks if so)))


def cell_text(cell: TableCell) -> str:
    """A cell as people read it."""
    if isinstance(cell, float):
        return f"{cell:.4g}"
    if isinstance(cell, Words):
        return cell.text or f"#{cell.digest[:12]}"
    if isinstance(cell, tuple | list):
        return ", ".join(map(cell_text, cell))
    return "" if cell is None else str(cell)


def prefix_title(row: ReportedVerdict, whose: str) -> ReportedVerdict:
    """The same for a list that holds the verdicts of several: its title begins with `whose`."""
    return replace(row, title=f"{whose}: {row.title}")


class Report(Record, frozen=True, kw_only=True):
    """A version and all that was judged of it. at: when this was written. meaning, owner: of the model.
    champion: the id of what it was compared with, or empty. added: checks that were not asked at first, by
    title. standing: by what it was judged, see `standing`. scores: every metric on its test rows, overall and
    by slice. staleness: of what it learned from; causes: dataset → why that is unknown, in words."""

    version: Version
    at: datetime
    project: str
    verdicts: tuple[ReportedVerdict, ...] = field(name="told")
    meaning: str = ""
    owner: str = ""
    champion: str = ""
    added: tuple[str, ...] = ()
    standing: tuple[tuple[str, str], ...] = ()
    scores: tuple[Figure, ...] = ()
    staleness: tuple[Staleness, ...] = ()
    causes: dict[str, str] = {}

    @property
    def releasable(self) -> bool:
        """Whether no check blocks its release."""
        return not any(each.blocks for each in self.verdicts)


def sections(rows: Sequence[ReportedVerdict]) -> list[tuple[str, tuple[ReportedVerdict, ...]]]:
    """The verdicts under headings, in the order in which people ask. In English where no verdict tells what
    its section is called."""
    parts = (
        (heading, tuple(each for each in rows if each.section == section))
        for section, heading in HEADINGS.items()
    )
    return [(some[0].section_title or heading.template, some) for heading, some in parts if some]
