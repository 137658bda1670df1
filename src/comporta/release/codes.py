"""Why a release plan waits, advanced or ended, as codes with their figures."""

from __future__ import annotations

from comporta.records.message import NUMBER, Text, code

LIST = (tuple, list)
FUSE_FAILURES = code(
    "plan.fuse_failures",
    "{failed:,} of {requests:,} requests to the new version failed ({share:.1%}); the limit is {limit:.1%}",
    failed=int,
    requests=int,
    share=NUMBER,
    limit=NUMBER,
)
FUSE_SLOW = code(
    "plan.fuse_slow",
    "{slow:,} of {requests:,} requests to the new version took longer than {latency:g} ms ({share:.1%}); the "
    "limit is {limit:.1%}",
    slow=int,
    requests=int,
    latency=NUMBER,
    share=NUMBER,
    limit=NUMBER,
)
ARMS_DIFFER = code(
    "plan.arms_differ",
    "the arms are not alike: {canary:,} units of the canary and {control:,} of the control were {stage}, "
    "expected as many (p < 0.001), so no figure of theirs can be trusted",
    canary=int,
    control=int,
    stage=str,
)
ARMS_RATE = code(
    "plan.arms_rate",
    "{canary:.3g} against {control:.3g}, ratio {ratio}",
    canary=NUMBER,
    control=NUMBER,
    ratio=Text,
)
NO_RATE = code("plan.no_rate", "no unit with a label yet")
HARM = code("plan.harm", "{outcome} is worse: {rates}", outcome=str, rates=Text)
NON_INFERIOR = code(
    "plan.non_inferior",
    "{outcome} is non-inferior: {rates}, at most {margin:.0%} worse is allowed",
    outcome=str,
    rates=Text,
    margin=NUMBER,
)
SUPERIOR = code("plan.superior", "{outcome} is better: {rates}", outcome=str, rates=Text)
RATIO = code("plan.ratio", "{value:.3g} [{low:.3g}, {high:.3g}]", value=NUMBER, low=NUMBER, high=NUMBER)
RATIO_FROM = code("plan.ratio_from", "{value:.3g}, at least {low:.3g}", value=NUMBER, low=NUMBER)
RATIO_ALONE = code("plan.ratio_alone", "{value:.3g}, with no bounds yet", value=NUMBER)
NO_RATIO = code("plan.no_ratio", "not defined yet")
PASSED = code("plan.passed", "{findings:; }", findings=LIST)
DEADLINE = code("plan.deadline", "undecided after {days:.3g} days: {findings:; }", days=NUMBER, findings=LIST)
UNDECIDED_YET = code("plan.undecided_yet", "undecided yet: {findings:; }", findings=LIST)
OPEN_METRIC = code(
    "plan.open_metric",
    "{outcome}: {rates}, {units:,} units in each arm, {unlabelled:.1%} without a label",
    outcome=str,
    rates=Text,
    units=int,
    unlabelled=NUMBER,
)
DWELLS = code(
    "plan.dwells",
    "step {step} of {steps}, {share:.0%} of units, lasts until {until}",
    step=int,
    steps=int,
    share=NUMBER,
    until=str,
)
FROZEN = code("plan.frozen", "frozen until {until}", until=str)
PAUSED = code("plan.paused", "paused by a person; harm, a fuse or its deadline still ends it")
STEPS_ON = code(
    "plan.steps_on",
    "step {step} of {steps} begins: {share:.0%} of units",
    step=int,
    steps=int,
    share=NUMBER,
)
ABORTED = code("plan.aborted", "ended by a person")
PROMOTED_BY_HAND = code("plan.promoted_by_hand", "promoted by a person, before outcomes decided")
ROLLED_BACK_BY_HAND = code("plan.rolled_back_by_hand", "rolled back by a person")
NOT_LOADED = code(
    "plan.not_loaded", "{failed} of {servers} server processes could not load it", failed=int, servers=int
)
NOT_READY = code(
    "plan.not_ready", "{ready} of {servers} server processes have it in memory", ready=int, servers=int
)
BEING_TRIED = code("plan.being_tried", "it is asked what was asked before")
SWAPS = code("plan.swaps", "{servers} server processes have it in memory: it gets all traffic", servers=int)
DIFFERS = code(
    "plan.differs",
    "it answers {different:,} of {rows:,} requests otherwise ({share:.1%}); the limit is {limit:.1%}",
    different=int,
    rows=int,
    share=NUMBER,
    limit=NUMBER,
)
DIFFERS_IN = code(
    "plan.differs_in",
    "in one slice by {column} it answers {different:,} of {rows:,} requests otherwise ({share:.1%}); the "
    "limit is {limit:.1%}",
    column=str,
    different=int,
    rows=int,
    share=NUMBER,
    limit=NUMBER,
)
KEEPS = code("plan.keeps", "it has all traffic; the version before stays loaded until {until}", until=str)
KEPT = code("plan.kept", "it has had all traffic for as long as the version before was to stay loaded")
SHADOWS = code("plan.shadows", "{rows:,} of {of:,} requests compared", rows=int, of=int)
COMPARED = code(
    "plan.compared",
    "it answers {different:,} of {rows:,} requests otherwise ({share:.1%})",
    rows=int,
    different=int,
    share=NUMBER,
)
NOTHING_COMPARED = code("plan.nothing_compared", "no request was compared until the deadline")
BUDGET = code(
    "plan.budget",
    "{outcome}: this release and those before it may have made it {spent:.0%} worse together, more than the "
    "{budget:.0%} allowed since one was shown better, or promoted by a person",
    outcome=str,
    spent=NUMBER,
    budget=NUMBER,
)
NOT_ALLOWED = code(
    "plan.not_allowed", "it may not be released any more: a check, an approval or erased rows forbid it"
)
CATCHES_UP = code("plan.catches_up", "it counts what came while nobody looked")
NO_SERVER = code("plan.no_server", "no server of this machine answers for the model")
