"""What verdicts of many checks say alike: codes, with their English sentences, that the checks share."""

from __future__ import annotations

from collections.abc import Sequence

from comporta.records import NO_TEXT, NUMBER, Figure, Message, Text, Words, code, place

SENTENCE = code("gate.sentence", "{clauses:; }.", clauses=tuple)
SENTENCES = code("gate.sentences", "{sentences: }", sentences=tuple)
NOT_MEASURED = code("gate.not_measured", "Not measured: {why}.", why=Text)
DOES_NOT_APPLY = code("gate.does_not_apply", "Does not apply: {why}.", why=Text)
NOT_ASKED = code(
    "gate.not_asked",
    "Not run at this level: comporta gate {version} --level {level}.",
    version=str,
    level=str,
)
NO_EVIDENCE = code("gate.no_evidence", "no evidence was made")

VALUE = code("figure.value", "{value:.4g}", value=NUMBER)
INTERVAL = code(
    "figure.interval", "{value:.4g} [{low:.4g}, {high:.4g}]", value=NUMBER, low=NUMBER, high=NUMBER
)
ON_ROWS = code("figure.on_rows", "{figure} on {rows:,} rows", figure=Message, rows=int)
NOTED = code("figure.noted", "{figure} {notes:, }", figure=Message, notes=tuple)
IN_SLICE = code("figure.in_slice", "{slice}: {figure}", slice=(Words, Message), figure=Message)
FIGURE_OF = code("figure.of", "{what} {figure}", what=Text, figure=Message)

AT_LEAST = code("gate.at_least", "{seen}: at least {limit:g}", seen=Message, limit=NUMBER)
AT_MOST = code("gate.at_most", "{seen}: at most {limit:g}", seen=Message, limit=NUMBER)
NOT_BELOW = code(
    "gate.not_shown_below", "{seen}: not shown to be below {limit:g}", seen=Message, limit=NUMBER
)
NOT_ABOVE = code(
    "gate.not_shown_above", "{seen}: not shown to be above {limit:g}", seen=Message, limit=NUMBER
)
TOO_LOW = code("gate.too_low", "{seen}: expected at least {limit:g}", seen=Message, limit=NUMBER)
TOO_HIGH = code("gate.too_high", "{seen}: expected at most {limit:g}", seen=Message, limit=NUMBER)
CONTAINS_LIMIT = code(
    "gate.interval_contains_limit",
    "{seen}: inconclusive: the {percent:g} % interval contains the limit {limit:g}",
    seen=Message, percent=NUMBER, limit=NUMBER,
)  # fmt: skip
NO_INTERVAL = code(
    "gate.no_interval",
    "{seen}: inconclusive: no interval, too few independent units to compare it with the limit {limit:g}",
    seen=Message, limit=NUMBER,
)  # fmt: skip
NOT_RELIABLE = code("gate.not_reliable", "{seen}: inconclusive: {why}", seen=Message, why=Text)
NO_NUMBER = code("gate.no_number", "{seen}: inconclusive: it is no finite number", seen=Message)

SLICES_ALIKE = code("gate.slices_alike", "so in {alike} of {all} slices", alike=int, all=int)
ROWS_TO_SETTLE = code("gate.rows_to_settle", "about {rows:,} rows would settle it", rows=int)
RULE_OF = code("gate.rule_of", "a rule of {owner}", owner=Words)

BY_COLUMN = code("check.by_column", " by {columns: and }", columns=tuple)
LIMIT_AT_LEAST = code("check.at_least", "at least {limit:g}", limit=NUMBER)
LIMIT_AT_MOST = code("check.at_most", "at most {limit:g}", limit=NUMBER)

NAMES = code("gate.names", "{names:, }", names=tuple)
NAMES_AND_MORE = code("gate.names_and_more", "{names:, } and {more} more", names=tuple, more=int)
MOST_NAMED = 5
"""How many of several things a sentence names."""


def sentence(*clauses: Text) -> Message:
    """One sentence of these clauses, the empty ones left out."""
    return SENTENCE(clauses=tuple(each for each in clauses if each))


def sentences(*parts: Text) -> Message:
    """Several whole sentences after each other, the empty ones left out."""
    return SENTENCES(sentences=tuple(each for each in parts if each))


def show(figure: Figure) -> Message:
    """`0.712 [0.701, 0.723] on 1,200 rows`, with its slice before it and its notes behind."""
    if figure.low is None or figure.high is None:
        said = VALUE(value=figure.value)
    else:
        said = INTERVAL(value=figure.value, low=figure.low, high=figure.high)
    said = ON_ROWS(figure=said, rows=figure.rows) if figure.rows else said
    said = NOTED(figure=said, notes=figure.notes) if figure.notes else said
    where = place(figure)
    return said if where is None else IN_SLICE(slice=where, figure=said)


def first_names(names: Sequence[str | Message]) -> Message:
    """`age, income and 3 more`: the first five."""
    first = tuple(names[:MOST_NAMED])
    if len(names) <= MOST_NAMED:
        return NAMES(names=first)
    return NAMES_AND_MORE(names=first, more=len(names) - MOST_NAMED)


def by_columns(*columns: str) -> Text:
    """` by sex and age`, or nothing."""
    named = tuple(each for each in columns if each)
    return BY_COLUMN(columns=named) if named else NO_TEXT


def limits(least: float | None, most: float | None) -> tuple[Message, ...]:
    """What a figure is held to: `at least 0.1`, `at most 0.9`."""
    found = () if least is None else (LIMIT_AT_LEAST(limit=least),)
    return found if most is None else (*found, LIMIT_AT_MOST(limit=most))


def percent(share: float) -> float:
    """A share as people read it, without the noise that a multiplication adds to its digits."""
    return float(f"{100 * share:.6g}")
