"""A report as Markdown, short enough for a pull request."""

from __future__ import annotations

import re
from collections.abc import Sequence

from comporta.records.visible import visible
from comporta.report.standing import signed
from comporta.report.told import Report, ReportedVerdict, sections

MARKS = {"pass": "✅", "fail": "❌", "inconclusive": "❔", "does not apply": "➖"}  # noqa: RUF001


def markdown(report: Report) -> str:
    """What closes the way first, then a table of every verdict, folded."""
    shut = [each for each in report.told if each.shuts]
    said = "**may be released**" if not shut else f"**may not be released**: {_count(len(shut))} closed"
    lines = [verdicts(f"{_plain(report.version.id)} {said}", report.told, _about(report))]
    lines += [f"- {_plain(name)}: {_plain(told)}" for name, told in report.standing]
    return "\n".join((*lines, ""))


def verdicts(title: str, every: Sequence[ReportedVerdict], about: str = "") -> str:
    """The verdicts under a title: what closes the way, then every section, folded."""
    shut = [each for each in every if each.shuts]
    lines = [f"### {title}", "", *([about, ""] if about else [])]
    if shut:
        lines += [f"- {mark(each)} **{_plain(each.title)}**: {_plain(each.reason)}" for each in shut]
        lines.append("")
    for heading, told in sections(every):
        lines += [f"<details><summary>{_plain(heading)}: {_tally(told)}</summary>", ""]
        lines += ["| | check | because |", "|---|---|---|"]
        lines += [f"| {mark(each)} | {_plain(each.title)} | {_plain(because(each))} |" for each in told]
        lines += ["", "</details>", ""]
    return "\n".join(lines)


def mark(told: ReportedVerdict) -> str:
    """The outcome as one sign."""
    return "🟡" if told.waiver is not None else MARKS[told.verdict.outcome]


def because(told: ReportedVerdict) -> str:
    """The reason, with what else there is to say of this verdict."""
    words = " ".join(filter(None, (told.reason, told.power)))
    if told.verdict.carried:
        words += " (Asked so at first, and left out or changed since: it still counts.)"
    elif not told.verdict.required:
        words += " (Informational.)"
    if told.left is not None:
        words += f" (Required, not blocking here: decided at the level {told.left}, on all rows.)"
    if told.waiver is not None:
        words += f" (Waived {signed(told.waiver)})"
    return words + "".join(f" (A waiver not in force: {signed(each)})" for each in told.past)


def _about(report: Report) -> str:
    version = report.version
    code = (
        f"commit `{version.commit[:10]}`{' with changes' if version.dirty else ''}"
        if version.commit
        else "no commit"
    )
    read = ", ".join(f"{_plain(each.dataset)} version {each.number}" for each in report.read)
    against = f" Compared with {_plain(report.champion)}." if report.champion else ""
    return f"Level `{version.level}`, {code}, {read}.{against}"


def _tally(told: tuple[ReportedVerdict, ...]) -> str:
    shut = sum(each.shuts for each in told)
    left = sum(each.left is not None for each in told)
    counts = ((len(told), "asked"), (shut, "closed"), (left, "not blocking"))
    return ", ".join(f"{count} {what}" for count, what in counts if count)


def _count(number: int) -> str:
    return "1 check" if number == 1 else f"{number} checks"


_SIGNS = re.compile(r"[\\`*\[\]<|~&]|(?<!\w)_|_(?!\w)")
_LINKS = re.compile(r"@|#(?=\d)|://|(?i:www)\.", re.ASCII)


def _plain(text: str) -> str:
    """Text of strangers as Markdown shows it, in one line: no markup, picture, link or mention comes of it.

    GitHub and GitLab find links and mentions in what is shown, so an empty character parts them.
    """
    one_line = visible(text.replace("\n", " "), keep="")
    parted = _LINKS.sub(lambda found: f"{found[0]}\u200b", one_line)
    return _SIGNS.sub(lambda found: "&lt;" if found[0] == "<" else f"\\{found[0]}", parted)
