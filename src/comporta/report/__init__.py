"""What the gates said of a version, and what came of its release, for people: a page with pictures, Markdown,
JUnit. It judges nothing."""

from comporta.report.contents import Report, ReportedVerdict, sections
from comporta.report.html import page
from comporta.report.junit import junit
from comporta.report.markdown import markdown
from comporta.report.release_contents import (
    EvidencePoint,
    ExpectedEnd,
    ReleaseArm,
    ReleaseExclusion,
    ReleaseMoment,
    ReleaseQuestion,
    ReleaseReport,
    ReleaseStep,
    ReportedOutcome,
)
from comporta.report.release_markdown import release_markdown
from comporta.report.release_page import release_page
from comporta.report.release_sentence import sentence_of, state_of
from comporta.report.standing import added_checks, standing, tell

__all__ = [
    "EvidencePoint",
    "ExpectedEnd",
    "ReleaseArm",
    "ReleaseExclusion",
    "ReleaseMoment",
    "ReleaseQuestion",
    "ReleaseReport",
    "ReleaseStep",
    "Report",
    "ReportedOutcome",
    "ReportedVerdict",
    "added_checks",
    "junit",
    "markdown",
    "page",
    "release_markdown",
    "release_page",
    "sections",
    "sentence_of",
    "standing",
    "state_of",
    "tell",
]
