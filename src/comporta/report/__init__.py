"""What the gates said of a version, for people: a page with pictures, Markdown, JUnit. It judges nothing."""

from comporta.report.contents import Report, ReportedVerdict, sections
from comporta.report.html import page
from comporta.report.junit import junit
from comporta.report.markdown import markdown
from comporta.report.standing import added_checks, standing, tell

__all__ = [
    "Report",
    "ReportedVerdict",
    "added_checks",
    "junit",
    "markdown",
    "page",
    "sections",
    "standing",
    "tell",
]
