"""A report as JUnit XML: what any CI shows as tests."""

from __future__ import annotations

import re
from collections.abc import Sequence

from comporta.records.message import Say
from comporta.records.visible import visible
from comporta.report.codes import JUDGED_BY, english, outcome_text
from comporta.report.contents import Report, ReportedVerdict, sections
from comporta.report.markdown import because

_UNTOLD = re.compile("[\ufffe\uffff]")
"""What XML 1.0 cannot say at all and is no control character."""


def escape(text: str) -> str:
    """The text of an element."""
    from xml.sax import saxutils  # brings an HTTP client, which no other command needs

    return saxutils.escape(_clean(text))


def quoteattr(text: str) -> str:
    """The value of an attribute, in its quotes."""
    from xml.sax import saxutils

    return saxutils.quoteattr(_clean(text))


def _clean(text: str) -> str:
    return _UNTOLD.sub("\ufffd", visible(text))


def junit(report: Report, say: Say = english) -> str:
    """The report as JUnit XML. say: the reader's language."""
    return suites(report.version.id, report.verdicts, report.standing, say)


def suites(
    name: str,
    every: Sequence[ReportedVerdict],
    judged: Sequence[tuple[str, str]] = (),
    say: Say = english,
) -> str:
    """One suite per section, one case per check. What blocks is a failure; what does not apply, or is
    informational or not blocking yet and did not pass, is skipped with its reason. judged: by what, as
    properties."""
    suites = []
    for title, rows in sections(every):
        cases = "".join(_case(name, title, each, say) for each in rows)
        blocking = sum(each.blocks for each in rows)
        aside = sum(_aside(each) for each in rows)
        suites.append(
            f'  <testsuite name={quoteattr(title)} tests="{len(rows)}" failures="{blocking}" '
            f'skipped="{aside}">\n{cases}  </testsuite>\n'
        )
    suites += [_properties(judged, say)] if judged else []
    blocking = sum(each.blocks for each in every)
    head = f'name={quoteattr(name)} tests="{len(every)}" failures="{blocking}"'
    return f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites {head}>\n{"".join(suites)}</testsuites>\n'


def _properties(judged: Sequence[tuple[str, str]], say: Say) -> str:
    properties = "".join(
        f"      <property name={quoteattr(name)} value={quoteattr(value)}/>\n" for name, value in judged
    )
    name = quoteattr(say(JUDGED_BY()))
    head = f'  <testsuite name={name} tests="0" failures="0" skipped="0">\n'
    return f"{head}    <properties>\n{properties}    </properties>\n  </testsuite>\n"


def _case(model: str, title: str, row: ReportedVerdict, say: Say) -> str:
    name = f"classname={quoteattr(f'{model}.{title}')} name={quoteattr(row.title)}"
    why = because(row, say)
    if row.blocks:
        outcome = quoteattr(say(outcome_text(row.verdict.outcome)))
        return f"    <testcase {name}><failure message={outcome}>{escape(why)}</failure></testcase>\n"
    if _aside(row):
        return f"    <testcase {name}><skipped message={quoteattr(why)}/></testcase>\n"
    return f"    <testcase {name}><system-out>{escape(why)}</system-out></testcase>\n"


def _aside(row: ReportedVerdict) -> bool:
    return not row.blocks and row.verdict.outcome != "pass"
