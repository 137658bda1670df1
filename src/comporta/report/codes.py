"""What a report says of its own: codes, each with its English sentence, and what says them in English."""

from __future__ import annotations

import sys

from comporta.records import NUMBER, Code, PlainText, Section, Text, code, codes_in, say, verdict, version
from comporta.records.verdict import OUTCOMES
from comporta.records.version import STATES, State

QUALITY = code("report.quality", "Predictive performance")
CHAMPION = code("report.champion", "Against the champion")
TIME = code("report.time", "Over time")
FAIRNESS = code("report.fairness", "Fairness and conduct")
ROBUSTNESS = code("report.robustness", "Robustness")
DATA = code("report.data", "Data")
BEHAVIOUR = code("report.behaviour", "Explanations")
PRIVACY = code("report.privacy", "Privacy")
OWN = code("report.own", "Custom checks")

HEADINGS: dict[Section, Code] = {
    "quality": QUALITY,
    "champion": CHAMPION,
    "time": TIME,
    "fairness": FAIRNESS,
    "robustness": ROBUSTNESS,
    "data": DATA,
    "behaviour": BEHAVIOUR,
    "privacy": PRIVACY,
    "own": OWN,
}
"""Of each section, in the order in which people ask."""

# The head of a report.
LANGUAGE = code("report.language", "en")
RELEASABLE = code("report.releasable", "may be released")
NOT_RELEASABLE = code("report.not_releasable", "may not be released")
BLOCKING = code("report.blocking", "What blocks the release")
ONE_BLOCKS = code("report.one_blocks", "1 check blocks")
SEVERAL_BLOCK = code("report.several_block", "{count} checks block", count=int)
STATE = code("report.state", "state {state}", state=Text)
LEVEL = code("report.level", "judged at the level {level}", level=str)
MADE = code("report.made", "made {at}", at=str)
COMPARED = code("report.compared", "compared with {champion}", champion=str)
FIRST = code("report.first", "the first")
WRITTEN = code("report.written", "Written {at} UTC by Comporta.", at=str)

# How a verdict counts, beside its outcome.
CARRIED = code("report.carried", "carried on")
REQUIRED = code("report.required", "required")
INFORMATIONAL = code("report.informational", "informational")
WAIVED = code("report.waived", "waived")
NOT_BLOCKING = code("report.not_blocking", "not blocking")
NOT_BLOCKING_UNTIL = code("report.not_blocking_until", "not blocking until {level}", level=str)
STATUS = code("report.status", "{parts}", parts=tuple)
CARRIED_NOTE = code(
    "report.carried_note", "(Declared when the version was made, left out or changed since: it still counts.)"
)
INFORMATIONAL_NOTE = code("report.informational_note", "(Informational.)")
DECIDED_NOTE = code(
    "report.decided_note",
    "(Required, not blocking here: decided at the level {level}, on all rows.)",
    level=str,
)
WOULD_FIND = code(
    "report.would_find",
    "A truth {difference:.2g} beyond the limit would be detected with 80 % power.",
    difference=NUMBER,
)
WOULD_FIND_ANY = code(
    "report.would_find_any", "Anything beyond the limit would be detected with at least 80 % power."
)
WOULD_FIND_NOTHING = code(
    "report.would_find_nothing", "So few rows detect nothing beyond the limit with 80 % power."
)
POSITIVE_NOTE = code("report.positive_note", "(Positive class: {name}.)", name=str)
WAIVED_NOTE = code("report.waived_note", "(Waived {waiver})", waiver=Text)
PAST_WAIVER_NOTE = code("report.past_waiver_note", "(A waiver not in force: {waiver})", waiver=Text)

# Waivers, and by what a version was judged.
WAIVER = code("report.waiver", "until {until} by {by}: {why}.", until=str, by=str, why=str)
WAIVER_AS = code(
    "report.waiver_as", "until {until} by {by}, {role}: {why}.", until=str, by=str, role=str, why=str
)
OUTCOME_THEN = code("report.outcome_then", "It was {outcome} then.", outcome=Text)
OUTCOME_NOW = code("report.outcome_now", "It is {outcome} now.", outcome=Text)
NOT_ASKED = code("report.not_asked", "not asked")
POLICY = code("report.policy", "policy")
POLICY_FIRST = code("report.policy_first", "policy when it was made")
POLICY_LAST = code("report.policy_last", "policy that judged it last")
ASKED_AT_FIRST = code("report.asked_at_first", "declared when it was made, left out or changed since")
ASKED_SINCE = code("report.asked_since", "declared since")
WAIVER_ENDED = code("report.waiver_ended", "waiver, ended")
WAIVER_NOT_NEEDED = code("report.waiver_not_needed", "waiver, not needed now")
WAIVER_REPLACED = code("report.waiver_replaced", "waiver, replaced")
WAIVER_OF_FORMER = code("report.waiver_of_former", "waiver, of the check as it was")
OF_CHECK = code("report.of_check", "{check}: {what}", check=Text, what=str)
JUDGED_BY = code("report.judged_by", "What it was judged by")

# What was measured.
MEASURED_ON = code("report.measured_on", "Measured on {rows:,} of {of:,} rows.", rows=int, of=int)
UNMEASURED = code("report.unmeasured", "{name} ({why})", name=str, why=str)
NOT_MEASURED = code("report.not_measured", "Not measured: {figures:; }.", figures=tuple)
NOT_MEASURED_MORE = code(
    "report.not_measured_more",
    "Not measured: {figures:; }; and {more:,} more.",
    figures=tuple,
    more=int,
)
ALL_NOT_MEASURED = code("report.all_not_measured", "Not measured ({count:,})", count=int)
SOME_NOT_MEASURED = code(
    "report.some_not_measured", "Not measured ({count:,}, the first {shown})", count=int, shown=int
)
FIRST_OF = code("report.first_of", "The first {shown} of {count:,}.", shown=int, count=int)
METRICS = code("report.metrics", "Metrics on the test rows")
ROWS = code("report.rows", "{rows:,} rows", rows=int)
METRIC_BY = code("report.metric_by", "{metric} by {column}", metric=str, column=str)
LIMIT = code("report.limit", "limit {limit:.4g}", limit=NUMBER)
REACH = code("report.reach", "{low:.4g} to {high:.4g}", low=float, high=float)

# Under its pictures.
PICTURE = code("picture.plain", "{what}.", what=Text)
PICTURE_WITH_INTERVALS = code("picture.with_intervals", "{what}, with intervals.", what=Text)
PICTURE_AT_LEVEL = code("picture.at_level", "{what}, with {level:.4g} % intervals.", what=Text, level=float)
INTERVALS = code("picture.intervals", "With 95 % intervals.")
EACH_FIGURE = code("picture.each_figure", "Each figure")
EARLIER_ONE = code("picture.earlier_one", "Earlier 1 is {before}.", before=Text)
BEFORE = code("picture.before", "the version released before this one")
EARLIER = code("picture.earlier", "earlier {number}", number=int)
DASHED = code("picture.dashed", "Dashed: the limit {limit:.4g}.", limit=float)

# A line of a list: of a run, of a version.
RUN_STEPS = code("report.run_steps", "{parts}", parts=tuple)
STEPS_REUSED = code("report.steps_reused", "{count} reused", count=int)
STEPS_FAILED = code("report.steps_failed", "{count} failed", count=int)
NO_GATES = code("report.no_gates", "none declared")
REQUIRED_PASSED = code("report.required_passed", "{passed}/{of} required passed", passed=int, of=int)
FIRST_BLOCKING = code("report.first_blocking", "{outcome}: {check}", outcome=Text, check=Text)
FIRST_OF_BLOCKING = code(
    "report.first_of_blocking", "{outcome}: {check}; {more} more", outcome=Text, check=Text, more=int
)

# What it was made of.
MADE_OF = code("report.made_of", "What it was made of")
RUN = code("report.run", "run")
CODE = code("report.code", "code")
NO_COMMIT = code("report.no_commit", "no commit")
COMMIT = code("report.commit", "commit {commit}", commit=str)
WITH_CHANGES = code("report.with_changes", "{commit} with changes", commit=str)
READ = code("report.read", "data {dataset}", dataset=str)
READ_VERSION = code("report.read_version", "version {number}, {rows:,} rows", number=int, rows=int)
VERSION_OF = code("report.version_of", "{dataset} version {number}", dataset=str, number=int)
ERASED = code("report.erased", "{read}; rows of it were erased since", read=Text)
ERASED_UNKNOWN = code(
    "report.erased_unknown",
    "{read}; whether rows of it were erased since is unknown: {cause}",
    read=Text,
    cause=str,
)
APPROVED = code("report.approved", "approved")
APPROVAL = code("report.approval", "{by}: {why}", by=str, why=str)
APPROVAL_AS = code("report.approval_as", "{by} ({role}): {why}", by=str, role=str, why=str)

# Markdown.
AT_LEVEL = code("report.at_level", "Level {level}", level=str)
COMPARED_SENTENCE = code("report.compared_sentence", "Compared with {champion}.", champion=str)
CHECK = code("report.check", "check")
BECAUSE = code("report.because", "because")
COUNT_ASKED = code("report.count_asked", "{count} asked", count=int)
COUNT_BLOCKING = code("report.count_blocking", "{count} blocking", count=int)
COUNT_NOT_BLOCKING = code("report.count_not_blocking", "{count} not blocking", count=int)

_ENGLISH = codes_in(sys.modules[__name__], verdict, version)


def english(text: Text) -> str:
    """In English, where nobody reads another language: what a report says of its own, outcomes and states."""
    return say(text, _ENGLISH)


def outcome_text(outcome: str) -> Text:
    """What people read of an outcome; one that is none, of an older release, as it is."""
    return OUTCOMES[outcome]() if outcome in OUTCOMES else PlainText(outcome)


def state_text(state: State) -> Text:
    """What people read of a state."""
    return STATES[state]()
