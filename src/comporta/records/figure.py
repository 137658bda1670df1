"""A measured number: of what, of which rows, and under which conditions, each in a field of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from comporta.records.message import (
    NO_TEXT,
    NUMBER,
    Code,
    Message,
    MessageValue,
    PlainText,
    Text,
    Words,
    code,
)
from comporta.records.metric import METRICS
from comporta.records.record import Record

Cell = str | int | float | bool | None
"""One value of a table, as JSON has it."""


class Range(Record, frozen=True, kw_only=True, tag="range"):
    """Values above `low`, up to and with `high`; None: no end."""

    low: Cell | Words = None
    high: Cell | Words = None


class Rarer(Record, frozen=True, tag="rarer"):
    """All values that are too rare to be slices of their own, together."""


SliceValue = Cell | Words | Message | Range | Rarer
"""What a column is in a slice, or a condition; a `Message` is one of ours, under which it was measured."""


class Condition(Record, frozen=True):
    """What is true of the rows, or of how they were measured: a name and its value.

    In `Figure.where` the name is a column, and a fact holds a keyed digest in place of its value. In
    `Figure.under` the name is one of `CONDITIONS`, and a value that comes from the data is `Words`.
    """

    name: str
    value: SliceValue = None


Conditions = tuple[Condition, ...]


class Figure(Record, frozen=True, kw_only=True):
    """A number with its uncertainty. low, high: the interval at `level`, or None where none exists.

    metric: the name of one in `METRICS`, or the id of a `quantity`. compared_with: of a difference or a
    ratio, what it is against: `champion`, `earlier` (`under` has which), or empty. where: the slice, all of
    whose conditions hold; empty for all rows. against: another slice that this one is compared with. under:
    how it was measured: the level of noise, the window, the form of the model.
    rows: how many rows it rests on. groups: how many independent units were resampled. notes: what its reader
    must know, such as which rows were taken as independent. doubt: why its interval is not reliable, so that
    it shows no figure to be good.
    slice: `where` and `under` in one text: as an older Comporta kept it, or as a report shows it.
    """

    metric: str
    value: float
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    rows: int = 0
    groups: int = 0
    notes: tuple[Text, ...] = ()
    doubt: Text = NO_TEXT
    compared_with: str = ""
    where: Conditions = ()
    against: Conditions = ()
    under: Conditions = ()
    slice: str = ""


class UnmeasuredFigure(Record, frozen=True, kw_only=True):
    """A figure that is not there, and why. metric: empty for every one. compared_with, where, under, slice:
    as in `Figure`. rows: how many there were, where that is why. small: the slice has fewer than 30 rows or
    ten subjects, so that none is expected."""

    metric: str = ""
    compared_with: str = ""
    where: Conditions = ()
    under: Conditions = ()
    rows: int | None = None
    why: Text
    small: bool = False
    slice: str = ""


def conditions(**values: Cell | Words | Message | Range) -> Conditions:
    """`conditions(noise=0.05, feature="age")`: for `Figure.under`. Raises KeyError on an unknown name."""
    unknown = values.keys() - CONDITIONS.keys()
    if unknown:
        raise KeyError(f"found the conditions {sorted(unknown)}, expected some of {sorted(CONDITIONS)}.")
    return tuple(Condition(name, value) for name, value in values.items())


def condition(of: Figure | UnmeasuredFigure, name: str) -> SliceValue:
    """The value of this condition in `under`, or None."""
    return next((each.value for each in of.under if each.name == name), None)


def condition_id(of: Figure | UnmeasuredFigure, name: str) -> str:
    """The value of a condition whose values are ids or names, such as a form's; empty where it is not met."""
    value = condition(of, name)
    return value if isinstance(value, str) else ""


def columns_of(of: Figure | UnmeasuredFigure) -> tuple[str, ...]:
    """The columns whose values make its slice."""
    return tuple(each.name for each in of.where)


def is_sliced(of: Figure | UnmeasuredFigure) -> bool:
    """Whether it is of some of the rows, or under some condition."""
    return bool(of.where or of.under or of.compared_with or of.slice)


METRIC = "metric."
"""How the code of a metric's words begins."""


class Quantity(Code):
    """The name of a check's figure, declared once: an id to compare, and the words that people read."""

    __slots__ = ()

    @property
    def metric(self) -> str:
        """The id, as figures hold it."""
        return self.id[len(METRIC) :]


def quantity(metric: str, template: str) -> Quantity:
    """Declares what a check measures: `quantity("decisions_changed", "decisions changed")`."""
    return Quantity(METRIC + metric, template, {})


def metric_text(metric: str) -> Text:
    """What people read of a figure's metric. scikit-learn's names are words of the field in any language."""
    return PlainText(metric) if not metric or metric in METRICS else Message(METRIC + metric)


ALL_OF = code("figure.all_of", "{conditions:, }", conditions=tuple)
AGAINST = code("figure.against", "{slice} against {other}", slice=Text, other=Text)
CHAMPION = code("figure.champion", "champion")
EQUALS = code("figure.equals", "{column}={value}", column=str, value=(Words, Message))
BETWEEN = code("figure.between", "{low} to {high}", low=Words, high=Words)
UP_TO = code("figure.up_to", "up to {high}", high=Words)
ABOVE = code("figure.above", "above {low}", low=Words)
MISSING = code("figure.missing", "missing")
RARER = code("figure.rarer", "…")

_VALUE = (str, int, float, Words, Message)
ANSWER_ = code("under.answer", "{value}", value=_VALUE)
CLASS_ = code("under.class", "class {value}", value=_VALUE)
COLUMN_ = code("under.column", "column {value}", value=_VALUE)
DATASET_ = code("under.dataset", "{value}", value=_VALUE)
DIFFERENCE_ = code("under.difference", "beyond {value:.0e}", value=NUMBER)
EARLIER_ = code("under.earlier", "earlier {value}", value=int)
EXPECTATION_ = code("under.expectation", "{value}", value=_VALUE)
FALSE_POSITIVES_ = code("under.false_positives", "at {value:.1%} false positives", value=NUMBER)
FEATURE_ = code("under.feature", "feature {value}", value=_VALUE)
FEATURES_ = code("under.features", "without {value}", value=_VALUE)
FILE_ = code("under.file", "{value}", value=_VALUE)
FORM_ = code("under.form", "form={value}", value=_VALUE)
KIND_ = code("under.kind", "{value}", value=_VALUE)
LINE_ = code("under.line", "{value}", value=_VALUE)
METHOD_ = code("under.method", "{value}", value=_VALUE)
METRIC_ = code("under.metric", "{value}", value=_VALUE)
NAMED_CLASS_ = code("under.named_class", "named class", value=_VALUE)
NOISE_ = code("under.noise", "noise={value:g}", value=NUMBER)
PART_ = code("under.part", "{value}", value=_VALUE)
PLACE_ = code("under.place", "{value}", value=_VALUE)
PUSH_ = code("under.push", "{value}", value=_VALUE)
REQUEST_ = code("under.request", "{value}", value=_VALUE)
ROWS_ = code("under.rows", "{value} rows", value=_VALUE)
SIGNAL_ = code("under.signal", "{value}", value=_VALUE)
SLICE_NUMBER_ = code("under.slice_number", "slice {value}", value=int)
TRAINING_ROWS_ = code("under.training_rows", "{value:,} training rows", value=int)
TRIAL_COLUMN_ = code("under.trial_column", "column {value} of the trial rows", value=_VALUE)
WINDOW_ = code("under.window", "{value}", value=_VALUE)

CONDITIONS: dict[str, Code] = {
    "answer": ANSWER_,
    "class": CLASS_,
    "column": COLUMN_,
    "dataset": DATASET_,
    "difference": DIFFERENCE_,
    "earlier": EARLIER_,
    "expectation": EXPECTATION_,
    "false_positives": FALSE_POSITIVES_,
    "feature": FEATURE_,
    "features": FEATURES_,
    "file": FILE_,
    "form": FORM_,
    "kind": KIND_,
    "line": LINE_,
    "method": METHOD_,
    "metric": METRIC_,
    "named_class": NAMED_CLASS_,
    "noise": NOISE_,
    "part": PART_,
    "place": PLACE_,
    "push": PUSH_,
    "request": REQUEST_,
    "rows": ROWS_,
    "signal": SIGNAL_,
    "slice_number": SLICE_NUMBER_,
    "training_rows": TRAINING_ROWS_,
    "trial_column": TRIAL_COLUMN_,
    "window": WINDOW_,
}
"""Under what a figure can be measured: name → what people read."""


def place(of: Figure | UnmeasuredFigure) -> Words | Message | None:
    """Of which rows and under which conditions, as people read it: `carrier=AA`, `noise=0.05, x1`; None where
    it is of all rows as they are."""
    if of.slice:
        return Words(of.slice)
    slice = _join([EQUALS(column=each.name, value=_value(each.value)) for each in of.where])
    other = _join([EQUALS(column=each.name, value=_value(each.value)) for each in getattr(of, "against", ())])
    if slice is not None and other is not None:
        slice = AGAINST(slice=slice, other=other)
    parts = [CHAMPION()] if of.compared_with == "champion" else []
    parts += under_text(of.under)
    return _join([*parts, *([] if slice is None else [slice])])


def under_in_words(under: Conditions, say: Callable[[Text], str]) -> str:
    """How it was measured, in the language of who reads; empty for no condition."""
    joined = _join(under_text(under))
    return "" if joined is None else say(joined)


def place_in_words(of: Figure | UnmeasuredFigure, say: Callable[[Text], str]) -> str:
    """The same as one text, in the language of who reads; empty where it is of all rows as they are."""
    where = place(of)
    if where is None:
        return ""
    return where.text if isinstance(where, Words) else say(where)


def under_text(under: Conditions) -> list[Message]:
    """How it was measured, as people read it, one message a condition."""
    return [Message(f"under.{each.name}", {"value": _value_of(each.value)}) for each in under]


def place_of(where: Conditions) -> Message | str:
    """A slice as people read it; empty for all rows."""
    return _join([EQUALS(column=each.name, value=_value(each.value)) for each in where]) or ""


def _join(parts: Sequence[Message]) -> Message | None:
    return None if not parts else parts[0] if len(parts) == 1 else ALL_OF(conditions=tuple(parts))


def _value_of(value: SliceValue) -> MessageValue:
    if isinstance(value, Rarer):
        return RARER()
    return _range(value) if isinstance(value, Range) else value


def _value(value: SliceValue) -> Words | Message:
    """A value of the data, as people read it."""
    if value is None:
        return MISSING()
    if isinstance(value, Range):
        return _range(value)
    if isinstance(value, Message):
        return value
    return RARER() if isinstance(value, Rarer) else _words(value)


def _range(value: Range) -> Message:
    low, high = _end(value.low), _end(value.high)
    if value.low is None:
        return UP_TO(high=high)
    return ABOVE(low=low) if value.high is None else BETWEEN(low=low, high=high)


def _words(value: Cell | Words) -> Words:
    if isinstance(value, Words):
        return value
    if isinstance(value, bool):
        return Words("true" if value else "false")
    return Words(str(value))


def _end(value: Cell | Words) -> Words:
    return Words(f"{value:g}") if isinstance(value, float) else _words(value)
