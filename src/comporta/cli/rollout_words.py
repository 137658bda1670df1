"""What `comporta release`, `releases` and `steer` say of plans, in English."""

from __future__ import annotations


class RolloutTexts:
    PLAN_AT_ONCE = "Give it all traffic now, whatever its model's plan says; recorded as such."
    PLAN_STATUS = "How its release stands: steps, arms, evidence, what it waits for."
    PLAN_WATCH = "The same, shown anew every few seconds until the release ends."
    PLAN_PAUSE = "Have its release stay as it is; harm and fuses still end it."
    PLAN_RESUME = "Have its release go on."
    PLAN_ABORT = "End its release: all traffic is the champion's again."
    PLAN_PROMOTE = "End its release with all traffic for it, before outcomes decide."
    PLAN_ALL_RELEASES = "Those that ended too."
    PLAN_ONE_ACT = (
        "found {found}, expected one of them at most: --status, --watch, --pause, --resume, --abort, "
        "--promote, --at-once."
    )
    PLAN_BEGAN = (
        "{version}: its release began, {steps}. To see how it stands: comporta release {version} --status"
    )
    PLAN_NOT_BEGUN = "Its release did not begin by itself. {why}"
    PLAN_NO_CONTROLLER = (
        "Nothing advances it until a controller runs: comporta up, comporta serve, or comporta steer."
    )
    PLAN_PAUSED = "{version}: paused at step {step} of {steps}."
    PLAN_RESUMED = "{version}: goes on at step {step} of {steps}."
    PLAN_ABORTED = "{version}: its release is ended; {champion} has all traffic."
    PLAN_ROLLED_BACK = "{version} has all traffic again; the release under way is ended."
    PLAN_PROMOTED = "{version} has all traffic."
    PLAN_NO_PLANS = "No release is under way. To begin one: comporta release VERSION"
    PLAN_NO_STEER = "Carry no release plans out here: a process of its own does, as under comporta up."
    PLAN_STEER_ONCE = "Look once, do what is due, and end: for a scheduler of your own."
    PLAN_STEERED_NOTHING = "No release is under way, or another process leads."
    PLAN_DECIDED = "{version}: {why}"
    PLAN_HEAD = "{version} against {control}: {state}, step {step} of {steps}, since {since}"
    PLAN_HEAD_ENDED = "{version} against {control}: {end} on {ended}"
    PLAN_STATES = {"running": "under way", "paused": "paused", "ended": "ended"}
    PLAN_ENDS = {
        "promoted": "promoted",
        "rolled_back": "rolled back",
        "inconclusive": "inconclusive, rolled back",
        "aborted": "ended by a person",
        "compared": "compared",
    }
    PLAN_QUESTIONS = {"harm": "harm", "non_inferior": "non-inferior", "superior": "better"}
    PLAN_EXPOSED = (
        "Units: {canary:,} canary, {control:,} control. Rows without a unit, which cannot count: {without:,}."
    )
    PLAN_BAR = "{name:<14}{bar}  {share:>4.0%} of the evidence needed"
