"""Why a release plan waits, advanced or ended, as codes with their figures."""

from __future__ import annotations

from comporta.records.message import NUMBER, Text, code

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
    "the arms lost units unequally: {canary:,} in the canary and {control:,} in the control were {stage}, "
    "expected as many in each (p < 0.001), so no figure of theirs can be trusted",
    canary=int,
    control=int,
    stage=str,
)
HARM = code(
    "plan.harm",
    "{outcome}: worse, {canary:.4g} against {control:.4g} of the control, ratio {ratio}",
    outcome=str,
    canary=NUMBER,
    control=NUMBER,
    ratio=Text,
)
NON_INFERIOR = code(
    "plan.non_inferior",
    "{outcome}: non-inferior, {canary:.4g} against {control:.4g}, ratio {ratio}, at most {margin:.0%} worse "
    "allowed",
    outcome=str,
    canary=NUMBER,
    control=NUMBER,
    ratio=Text,
    margin=NUMBER,
)
SUPERIOR = code(
    "plan.superior",
    "{outcome}: better, {canary:.4g} against {control:.4g}, ratio {ratio}",
    outcome=str,
    canary=NUMBER,
    control=NUMBER,
    ratio=Text,
)
RATIO = code("plan.ratio", "{estimate:.3g} [{low:.3g}, {high:.3g}]", estimate=NUMBER, low=NUMBER, high=NUMBER)
NO_RATIO = code("plan.no_ratio", "not defined yet")
PASSED = code("plan.passed", "{findings:; }", findings=(tuple, list))
DEADLINE = code(
    "plan.deadline",
    "undecided after {days:.3g} days: {findings:; }",
    days=NUMBER,
    findings=(tuple, list),
)
OPEN_METRIC = code(
    "plan.open_metric",
    "{outcome}: ratio {ratio} over {units:,} units in each arm, {unlabelled:.1%} without a label",
    outcome=str,
    ratio=Text,
    units=int,
    unlabelled=NUMBER,
)
DWELLS = code("plan.dwells", "step {step} of {steps} lasts until {until}", step=int, steps=int, until=str)
FROZEN = code("plan.frozen", "frozen until {until}", until=str)
PAUSED = code("plan.paused", "paused by somebody; harm still ends it")
UNDECIDED_YET = code("plan.undecided_yet", "undecided yet: {findings:; }", findings=(tuple, list))
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
