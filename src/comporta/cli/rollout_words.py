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
        "found {found}, expected one of them at most: --status, --watch, --page, --pause, --resume, "
        "--abort, --promote, --at-once."
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
    PLAN_HEAD = "{version} against {control}"
    PLAN_STEPS = "steps"
    PLAN_ARM = (
        "{units:>9,} units  {requests:>9,} requests  {failed:,} failed  {slow:,} too slow  "
        "{lost:,} not logged"
    )
    PLAN_RATES = "{canary} against {control}, ratio {ratio}"
    PLAN_METRIC_UNITS = (
        "{units:,} units in each arm are counted, {unlabelled:.1%} without a label; whole seasons: {seasons}"
    )
    PLAN_EXCLUDED = "Excluded, or not counted yet:"
    PLAN_PAGE = "Write how its release stands, or ended, as a page; --out names files (.html, .md)."
    PLAN_OUT_WITHOUT = "--out: goes with --page or --status, which it writes to a file."
    PLAN_WATCH_ENDS = "Ctrl-C ends the view; the release goes on."
