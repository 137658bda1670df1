"""A report as JUnit XML: what any CI shows as tests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.sax import saxutils

from comporta.records.visible import visible
from comporta.report.markdown import because
from comporta.report.told import Report, ReportedVerdict, sections

_UNTOLD = re.compile("[\ufffe\uffff]")
"""What XML 1.0 cannot say at all and is no control character."""


def escape(text: str) -> str:
    """The text of an element."""
    return saxutils.escape(_clean(text))


def quoteattr(text: str) -> str:
    """The value of an attribute, in its quotes."""
    return saxutils.quoteattr(_clean(text))


def _clean(text: str) -> str:
    return _UNTOLD.sub("\ufffd", visible(text))


def junit(report: Report) -> str:
    """The report as JUnit XML."""
    return suites(report.version.id, report.told, report.standing)


def suites(name: str, every: Sequence[ReportedVerdict], judged: Sequence[tuple[str, str]] = ()) -> str:
    """One suite per section, one case per check. What closes the way is a failure; what does not apply, or
    is informational or not blocking yet and did not pass, is skipped with its reason. judged: by what, as
    properties."""
    suites = []
    for title, told in sections(every):
        cases = "".join(_case(name, title, each) for each in told)
        shut = sum(each.shuts for each in told)
        aside = sum(_aside(each) for each in told)
        suites.append(
            f'  <testsuite name={quoteattr(title)} tests="{len(told)}" failures="{shut}" skipped="{aside}">\n'
            f"{cases}  </testsuite>\n"
        )
    suites += [_properties(judged)] if judged else []
    shut = sum(each.shuts for each in every)
    head = f'name={quoteattr(name)} tests="{len(every)}" failures="{shut}"'
    return f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites {head}>\n{"".join(suites)}</testsuites>\n'


def _properties(judged: Sequence[tuple[str, str]]) -> str:
    said = "".join(
        f"      <property name={quoteattr(name)} value={quoteattr(value)}/>\n" for name, value in judged
    )
    head = '  <testsuite name="By what it was judged" tests="0" failures="0" skipped="0">\n'
    return f"{head}    <properties>\n{said}    </properties>\n  </testsuite>\n"


def _case(model: str, title: str, told: ReportedVerdict) -> str:
    name = f"classname={quoteattr(f'{model}.{title}')} name={quoteattr(told.title)}"
    said = because(told)
    if told.shuts:
        failure = f"<failure message={quoteattr(told.verdict.outcome)}>{escape(said)}</failure>"
        return f"    <testcase {name}>{failure}</testcase>\n"
    if _aside(told):
        return f"    <testcase {name}><skipped message={quoteattr(said)}/></testcase>\n"
    return f"    <testcase {name}><system-out>{escape(said)}</system-out></testcase>\n"


def _aside(told: ReportedVerdict) -> bool:
    return not told.shuts and told.verdict.outcome != "pass"
