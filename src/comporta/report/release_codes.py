"""What the report of a release says of its own: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records import NUMBER, Code, Text, code

LIST = (tuple, list)

# What came of it, in one sentence.
HEADLINE = code("release_report.headline", "{state}: {findings:, }", state=Text, findings=LIST)
UNDER_WAY = code("release_report.under_way", "under way")
UNDER_WAY_STEP = code(
    "release_report.under_way_step",
    "under way, step {step} of {steps} ({share:.3g} % of units)",
    step=int,
    steps=int,
    share=NUMBER,
)
PAUSED = code("release_report.paused", "paused")
PAUSED_STEP = code(
    "release_report.paused_step",
    "paused at step {step} of {steps} ({share:.3g} % of units)",
    step=int,
    steps=int,
    share=NUMBER,
)
PROMOTED = code("release_report.promoted", "promoted")
ROLLED_BACK = code("release_report.rolled_back", "rolled back")
INCONCLUSIVE = code("release_report.inconclusive", "rolled back, undecided")
ENDED_BY_HAND = code("release_report.ended_by_hand", "ended by a person")
BY_HAND = code("release_report.by_hand", "by a person, before outcomes decided")
ROLLED_BACK_BY_HAND = code("release_report.rolled_back_by_hand", "by a person")
LASTS = code("release_report.lasts", "the step lasts until {until}", until=str)
COMPARED = code("release_report.compared", "compared")
NON_INFERIOR_ONE = code("release_report.non_inferior_one", "non-inferior on {outcome}", outcome=str)
NON_INFERIOR_BOTH = code("release_report.non_inferior_both", "non-inferior on both metrics")
NON_INFERIOR_ALL = code("release_report.non_inferior_all", "non-inferior on all {count} metrics", count=int)
NON_INFERIOR_SOME = code(
    "release_report.non_inferior_some", "non-inferior on {outcomes: and }", outcomes=LIST
)
BETTER_ON = code("release_report.better_on", "better on {outcome}{by}", outcome=str, by=Text)
WORSE_ON = code("release_report.worse_on", "worse on {outcome}{by}", outcome=str, by=Text)
OPEN_ON = code("release_report.open_on", "nothing known of {outcome} yet", outcome=str)
OPEN_BETTER = code(
    "release_report.open_better", "better on {outcome}{by} (not shown yet)", outcome=str, by=Text
)
OPEN_WORSE = code("release_report.open_worse", "worse on {outcome}{by} (not shown yet)", outcome=str, by=Text)
UNSHOWN_BETTER = code(
    "release_report.unshown_better", "better on {outcome}{by} (not shown)", outcome=str, by=Text
)
UNSHOWN_WORSE = code(
    "release_report.unshown_worse", "worse on {outcome}{by} (not shown)", outcome=str, by=Text
)
BY = code("release_report.by", " by {value} % [{low}, {high}]", value=str, low=Text, high=Text)
BY_ALONE = code("release_report.by_alone", " by {value} %", value=str)
NO_END = code("release_report.no_end", "no limit")
NO_UNITS = code("release_report.no_units", "no unit with a label yet")

# What happened.
BEGAN = code("release_report.began", "began, compared with {control}", control=str)
BEGAN_CARRIED = code(
    "release_report.began_carried",
    "began, compared with {control}; goes on with what an earlier release of the same version counted",
    control=str,
)
STEPPED = code(
    "release_report.stepped",
    "step {step} of {steps}: {share:.3g} % of units",
    step=int,
    steps=int,
    share=NUMBER,
)
WAS_PAUSED = code("release_report.was_paused", "paused")
WAS_RESUMED = code("release_report.was_resumed", "resumed")

# What is excluded, and why.
WITHOUT_UNIT = code("release_report.without_unit", "rows that said no unit")
WITHOUT_UNIT_WHY = code(
    "release_report.without_unit_why",
    "answered by the champion; cannot be put in an arm, so they cannot count",
)
UNLOGGED = code("release_report.unlogged", "rows that were answered and not logged")
UNLOGGED_WHY = code("release_report.unlogged_why", "each counts as a unit without a label")
UNLABELLED = code("release_report.unlabelled", "{outcome}: units without a label in time", outcome=str)
UNLABELLED_WHY = code(
    "release_report.unlabelled_why",
    "count against each claim: {share:.1%} of units, {late:,} of them labelled after their "
    "horizon of {horizon}",
    share=NUMBER,
    late=int,
    horizon=str,
)
UNLABELLED_WHY_PLAIN = code(
    "release_report.unlabelled_why_plain",
    "count against each claim: {share:.1%} of units had no label within their horizon of {horizon}",
    share=NUMBER,
    horizon=str,
)
WAITING = code("release_report.waiting", "{outcome}: units whose horizon is not over", outcome=str)
WAITING_WHY = code("release_report.waiting_why", "count {horizon} after their first answer", horizon=str)
WAITING_ENDED_WHY = code(
    "release_report.waiting_ended_why", "the release ended before, so they count no more"
)
UNFINISHED = code("release_report.unfinished", "{outcome}: units since the last whole season", outcome=str)
UNFINISHED_WHY = code(
    "release_report.unfinished_why",
    "speak for a promotion only at the end of their season; harm is seen at once",
)

# Expected.
EXPECTED_ALIKE = code(
    "release_report.expected_alike",
    "about {days} left, were both versions alike: promoted about {at}",
    days=Text,
    at=str,
)
EXPECTED_AS_NOW = code(
    "release_report.expected_as_now",
    "about {days} left, if they stay as far apart: promoted about {at}",
    days=Text,
    at=str,
)
DAYS = code("release_report.days", "{count} days", count=str)
ONE_DAY = code("release_report.one_day", "1 day")
HOURS = code("release_report.hours", "{count} hours", count=int)
ONE_HOUR = code("release_report.one_hour", "1 hour")
NOT_EXPECTED = code(
    "release_report.not_expected",
    "not expected to be decided before its deadline {deadline}",
    deadline=str,
)
NOT_KNOWN = code(
    "release_report.not_known", "too few units yet to expect an end; its deadline is {deadline}", deadline=str
)
UNITS_A_DAY = code(
    "release_report.units_a_day", "{units:,} units a day in each arm at the last step", units=int
)

ANSWERS_DIFFER = code(
    "release_report.answers_differ",
    "{different:,} of {rows:,} requests are answered otherwise ({share:.1%})",
    different=int,
    rows=int,
    share=NUMBER,
)
ANSWERS_DIFFER_IN = code(
    "release_report.answers_differ_in",
    "{different:,} of {rows:,} requests are answered otherwise ({share:.1%}), most in a slice by {column}: "
    "{slice_different:,} of {slice_rows:,}",
    different=int,
    rows=int,
    share=NUMBER,
    column=str,
    slice_different=int,
    slice_rows=int,
)

# The page.
TITLE = code("release_report.title", "Release of {version}", version=str)
ABOUT = code(
    "release_report.about",
    "compared with {control} · began {started} by {by}",
    control=str,
    started=str,
    by=str,
)
ABOUT_ALONE = code(
    "release_report.about_alone", "compared with {control} · began {started}", control=str, started=str
)
REASON = code("release_report.reason", "reason: {reason}", reason=str)
STEPS = code("release_report.steps", "Steps")
ARMS = code("release_report.arms", "Arms")
OUTCOMES = code("release_report.outcomes", "Outcomes")
EXCLUDED = code("release_report.excluded", "What was excluded, and why")
NOTHING_EXCLUDED = code("release_report.nothing_excluded", "Nothing was excluded.")
LIMITS = code("release_report.limits", "What no statistic can tell")
INTERFERENCE = code(
    "release_report.interference",
    "Interference: where what one unit is answered changes what becomes of another, the arms are not apart.",
)
NOVELTY = code("release_report.novelty", "Novelty: what turns worse after the last look is not seen.")
DEVICES = code("release_report.devices", "Two devices of one person are two units.")
ARM = code("release_report.arm", "arm")
VERSION = code("release_report.version", "version")
UNITS = code("release_report.units", "units")
REQUESTS = code("release_report.requests", "requests")
FAILED = code("release_report.failed", "failed")
SLOW = code("release_report.slow", "too slow")
UNLOGGED_COLUMN = code("release_report.unlogged_column", "not logged")
CANARY = code("release_report.canary", "canary")
CONTROL = code("release_report.control", "control")
TOTAL = code("release_report.total", "together")
WHAT = code("release_report.what", "what")
WHY = code("release_report.why", "why")
WHEN = code("release_report.when", "when (UTC)")
HAPPENED = code("release_report.happened", "what happened")
WHO = code("release_report.who", "who")
STEP_NOW = code("release_report.step_now", "now")
STEP_NEXT = code("release_report.step_next", "to come")
STEP_OVER = code("release_report.step_over", "over")
STEP_LEFT_OUT = code("release_report.step_left_out", "not reached")
OUTCOME = code("release_report.outcome", "outcome")
RATIO = code("release_report.ratio", "ratio, interval")
HARM = code("release_report.harm", "harm")
NON_INFERIOR = code("release_report.non_inferior", "non-inferior")
SUPERIOR = code("release_report.superior", "better")
QUESTIONS: dict[str, Code] = {"harm": HARM, "non_inferior": NON_INFERIOR, "superior": SUPERIOR}
NO_RATIO = code("release_report.no_ratio", "not defined yet")
RATIO_RANGE = code("release_report.ratio_range", "{value} [{low}, {high}]", value=str, low=Text, high=Text)
RATIO_ALONE = code("release_report.ratio_alone", "{value}, with no bounds yet", value=str)
SETTLED = code("release_report.settled", "shown")
SHARE_OF_EVIDENCE = code(
    "release_report.share_of_evidence", "{share:.0%} of the evidence needed", share=NUMBER
)
AGAINST = code("release_report.against", "the evidence speaks against it")
NOT_ASKED = code("release_report.not_asked", "enough, asked at the end of a season")
METRIC_LINE = code(
    "release_report.metric_line",
    "{canary} of the canary against {control} of the control; ratio {ratio}",
    canary=str,
    control=str,
    ratio=str,
)
METRIC_UNITS = code(
    "release_report.metric_units",
    "{units:,} units in each arm with their horizon of {horizon} over, {unlabelled:.1%} without a label; "
    "whole seasons: {seasons}",
    units=int,
    horizon=str,
    unlabelled=NUMBER,
    seasons=int,
)
MARGIN_LOWER = code(
    "release_report.margin_lower", "lower is better; a ratio below {worst:.4g} is non-inferior", worst=NUMBER
)
MARGIN_HIGHER = code(
    "release_report.margin_higher",
    "higher is better; a ratio above {worst:.4g} is non-inferior",
    worst=NUMBER,
)
EVIDENCE_CAPTION = code(
    "release_report.evidence_caption",
    "Evidence for each question, of what settles it with yes (dashed: 100 %); below 0 it speaks against. "
    "Thin lines: the ends of whole seasons, at which a promotion is asked.",
)
RATIO_CAPTION = code(
    "release_report.ratio_caption",
    "The ratio of the rates, canary over control, with its {level:.3g} % interval, which holds at every look "
    "at once. Dashed: 1, alike, and {worst:.4g}, the margin.",
    level=NUMBER,
    worst=NUMBER,
)
EVIDENCE_AXIS = code("release_report.evidence_axis", "evidence")
RATIO_AXIS = code("release_report.ratio_axis", "ratio")
NO_EVIDENCE = code("release_report.no_evidence", "Nothing is counted yet.")
NO_OUTCOMES = code("release_report.no_outcomes", "No outcome decides this release.")
