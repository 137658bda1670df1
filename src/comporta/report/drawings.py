"""What each finding is drawn as, and what the picture says in one sentence."""

from __future__ import annotations

from typing import Literal

from comporta.records import Record


class Drawing(Record, frozen=True, kw_only=True):
    """How a table is drawn. kind: `dots` with their intervals, `bars` from 0, `moved` from what was to what
    is, or a `curve`. caption: what it shows; `{}` stands for the row's `apart`.

    label: the columns that name a row, value, low, high: its numbers, was: the number before. apart: the
    columns by whose values it is cut into several pictures. along, up: a curve's axes, as (column, words).
    """

    kind: Literal["dots", "bars", "moved", "curve"]
    caption: str
    label: tuple[str, ...] = ()
    value: str = "value"
    low: str = "low"
    high: str = "high"
    was: str = "was"
    apart: tuple[str, ...] = ()
    along: tuple[str, str] = ("x", "")
    up: tuple[str, str] = ("y", "")
    diagonal: bool = False


DRAWINGS: dict[tuple[str, str], Drawing] = {
    ("calibration", "reliability by tenths"): Drawing(
        kind="curve",
        caption="Each tenth of the rows, by what was said. Shaded: the 95 % interval of what came; dashed: "
        "what came is what was said.",
        along=("x", "what the model said"),
        up=("y", "What came, on average"),
        diagonal=True,
    ),
    ("calibration", "reliability"): Drawing(
        kind="curve",
        caption="Dashed: it comes as often as it is said. Above it the model says too little, below it too "
        "much; within the shade that may be chance.",
        along=("x", "how likely the model said it is"),
        up=("y", "How often it came"),
        diagonal=True,
    ),
    ("weak slices", "slices"): Drawing(
        kind="dots",
        caption="How many times the mean loss of all rows is lost where the search looked, on rows it had "
        "not seen. None of these was confirmed.",
        label=("where",),
        value="to overall",
        low="overall low",
        high="overall high",
    ),
    ("bias", "groups"): Drawing(
        kind="dots",
        caption="The {} of each group, with its 95 % interval.",
        label=("group",),
        apart=("quantity", "class"),
    ),
    ("importance change", "shares"): Drawing(
        kind="moved",
        caption="Each feature's share of all importance: hollow in {}, full in this. Pale: where "
        "the full dot may lie; where that holds the hollow dot, the change may be chance.",
        label=("feature",),
        value="is",
        apart=("against",),
    ),
    ("prediction drift", "scores"): Drawing(
        kind="moved",
        caption="The share of answers whose score of {} is up to that and above the one before it: hollow "
        "then, full now.",
        label=("up to",),
        value="is",
        apart=("score", "against"),
    ),
    ("noise", "features"): Drawing(
        kind="bars",
        caption="The share of decisions that change where one feature is pushed.",
        label=("feature", "pushed"),
        value="changed",
    ),
    ("single feature", "features"): Drawing(
        kind="bars",
        caption="How well each feature alone tells the target, on test rows.",
        label=("feature",),
        value="test",
    ),
    ("explanation", "explanation"): Drawing(
        kind="bars",
        caption="Each feature's share of what moves the answers: the mean size of its Shapley values.",
        label=("feature",),
        value="share",
    ),
    ("proxy", "telling"): Drawing(
        kind="dots",
        caption="How well each tells the group: 0.5 is chance, 1 is all.",
        label=("what",),
        value="auc",
    ),
    ("membership", "curve"): Drawing(
        kind="curve",
        caption="An attacker who guesses which rows were trained on. Dashed: guessing blindly.",
        along=("false positives", "share of others taken for training rows"),
        up=("true positives", "Share of training rows found"),
        diagonal=True,
    ),
    ("evasion", "curve"): Drawing(
        kind="curve",
        caption="Refused rows that would be accepted after changes of that cost.",
        along=("cost", "what the changes cost"),
        up=("share", "Share of refused rows that flip"),
    ),
    ("learning curve", "mean"): Drawing(
        kind="curve",
        caption="What the model loses on the test rows, by how many rows it learned from. Shaded: 95 % "
        "intervals.",
        along=("x", "training rows"),
        up=("y", "Mean loss"),
    ),
}

BY_COLUMNS = (
    Drawing(kind="curve", caption="{}", along=("x", ""), up=("y", "")),
    *(
        Drawing(kind="bars", caption="{}: " + value, label=(label,), value=value)
        for label in ("name", "feature", "group", "window")
        for value in ("value", "share", "change")
    ),
)
"""Tables that no line above knows, such as those of a team's own checks, by their columns."""

FIGURES = {
    "loss_to_constant": "Mean loss of these rows, as many times what their best constant would lose",
    "loss_to_overall": "Mean loss of these rows, as many times that of all rows",
    "importance_moved": "Share of all importance that lies with other features than before",
}
"""What a figure is called under a picture, where its own name is too short for a reader."""
