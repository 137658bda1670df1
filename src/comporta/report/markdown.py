"""A report as Markdown, short enough for a pull request."""

from __future__ import annotations

import re
from collections.abc import Sequence

from comporta.records import Text
from comporta.records.message import Say
from comporta.records.visible import visible
from comporta.report.codes import (
    AT_LEVEL,
    BECAUSE,
    CARRIED_NOTE,
    CHECK,
    COMMIT,
    COMPARED_SENTENCE,
    COUNT_ASKED,
    COUNT_BLOCKING,
    COUNT_NOT_BLOCKING,
    DECIDED_NOTE,
    INFORMATIONAL_NOTE,
    NO_COMMIT,
    NOT_RELEASABLE,
    ONE_BLOCKS,
    PAST_WAIVER_NOTE,
    POSITIVE_NOTE,
    RELEASABLE,
    SEVERAL_BLOCK,
    VERSION_OF,
    WAIVED_NOTE,
    WITH_CHANGES,
    english,
)
from comporta.report.contents import Report, ReportedVerdict, sections
from comporta.report.standing import waiver_text

MARKS = {"pass": "✅", "fail": "❌", "inconclusive": "❔", "does not apply": "➖"}  # noqa: RUF001


def markdown(report: Report, say: Say = english) -> str:
    """What blocks the release first, then a table of every verdict, folded. say: the reader's language."""
    blocking = sum(each.blocks for each in report.verdicts)
    outcome = (
        f"**{say(NOT_RELEASABLE())}**: {_blocking(blocking, say)}" if blocking else f"**{say(RELEASABLE())}**"
    )
    title = f"{plain_text(report.version.id)} {outcome}"
    lines = [verdicts(title, report.verdicts, _about(report, say), say)]
    lines += [f"- {plain_text(name)}: {plain_text(what)}" for name, what in report.standing]
    return "\n".join((*lines, ""))


def verdicts(title: str, every: Sequence[ReportedVerdict], about: str = "", say: Say = english) -> str:
    """The verdicts under a title: what blocks, then every section, folded."""
    blocking = [each for each in every if each.blocks]
    lines = [f"### {title}", "", *([about, ""] if about else [])]
    if blocking:
        lines += [
            f"- {mark(each)} **{plain_text(each.title)}**: {plain_text(each.reason)}" for each in blocking
        ]
        lines.append("")
    for heading, rows in sections(every):
        lines += [f"<details><summary>{plain_text(heading)}: {_tally(rows, say)}</summary>", ""]
        lines += [f"| | {say(CHECK())} | {say(BECAUSE())} |", "|---|---|---|"]
        lines += [
            f"| {mark(each)} | {plain_text(each.title)} | {plain_text(because(each, say))} |" for each in rows
        ]
        lines += ["", "</details>", ""]
    return "\n".join(lines)


def mark(row: ReportedVerdict) -> str:
    """The outcome as one sign."""
    return "🟡" if row.waiver is not None else MARKS[row.verdict.outcome]


def because(row: ReportedVerdict, say: Say = english) -> str:
    """The reason, with what else there is to say of this verdict."""
    notes: list[Text] = [POSITIVE_NOTE(name=row.positive)] if row.positive else []
    if row.verdict.carried:
        notes.append(CARRIED_NOTE())
    elif not row.verdict.required:
        notes.append(INFORMATIONAL_NOTE())
    if row.decided_at is not None:
        notes.append(DECIDED_NOTE(level=row.decided_at))
    if row.waiver is not None:
        notes.append(WAIVED_NOTE(waiver=waiver_text(row.waiver, say)))
    notes += [PAST_WAIVER_NOTE(waiver=waiver_text(each, say)) for each in row.past]
    return " ".join(filter(None, (row.reason, row.power, *map(say, notes))))


def _about(report: Report, say: Say) -> str:
    version = report.version
    commit: Text = NO_COMMIT()
    if version.commit:
        commit = COMMIT(commit=f"`{version.commit[:10]}`")
        commit = WITH_CHANGES(commit=say(commit)) if version.dirty else commit
    read = (VERSION_OF(dataset=plain_text(each.dataset), number=each.number) for each in version.read)
    parts: list[Text] = [AT_LEVEL(level=f"`{version.level}`"), commit, *read]
    about = f"{', '.join(map(say, parts))}."
    return (
        f"{about} {say(COMPARED_SENTENCE(champion=plain_text(report.champion)))}"
        if report.champion
        else about
    )


def _tally(rows: Sequence[ReportedVerdict], say: Say) -> str:
    blocking = sum(each.blocks for each in rows)
    later = sum(each.decided_at is not None for each in rows)
    counts = ((COUNT_ASKED, len(rows)), (COUNT_BLOCKING, blocking), (COUNT_NOT_BLOCKING, later))
    return ", ".join(say(what(count=count)) for what, count in counts if count)


def _blocking(count: int, say: Say) -> str:
    return say(ONE_BLOCKS() if count == 1 else SEVERAL_BLOCK(count=count))


_SIGNS = re.compile(r"[\\`*\[\]<|~&]|(?<!\w)_|_(?!\w)")
_LINKS = re.compile(r"@|#(?=\d)|://|(?i:www)\.", re.ASCII)


def plain_text(text: str) -> str:
    """Text of strangers as Markdown shows it, in one line: no markup, picture, link or mention comes of it.

    GitHub and GitLab find links and mentions in what is shown, so an empty character parts them.
    """
    one_line = visible(text.replace("\n", " "), keep="")
    parted = _LINKS.sub(lambda found: f"{found[0]}\u200b", one_line)
    return _SIGNS.sub(lambda found: "&lt;" if found[0] == "<" else f"\\{found[0]}", parted)
