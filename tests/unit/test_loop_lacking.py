"""Why a check has no figure to judge: the causes that the measuring kept, values of the data marked."""

from __future__ import annotations

from comporta.acts.judge.lacking import lacking, why_none
from comporta.opened.sentences import sentence
from comporta.records import (
    Condition,
    Figure,
    Message,
    Need,
    Range,
    Scores,
    UnmeasuredFigure,
    Words,
    conditions,
)
from comporta.train.codes import NOT_DEFINED, TOO_FEW_ROWS


def lost(*slices: str) -> list[UnmeasuredFigure]:
    return [
        UnmeasuredFigure(metric="mae", where=(Condition("town", each),) if each else (), why=NOT_DEFINED())
        for each in slices
    ]


def words_of(message: Message) -> list[str]:
    """The plain texts among its values, at any depth."""
    found = []
    for value in message.values.values():
        found += words_of(value) if isinstance(value, Message) else [value] if isinstance(value, str) else []
    return found


def test_each_cause_is_said_and_of_more_than_five_how_many_there_are():
    why = "not defined: one class only, or no spread in the target"
    assert sentence(lacking(lost(""))) == f"mae: {why}"
    assert sentence(lacking(lost("", "a"))) == f"mae: {why}; mae town=a: {why}"
    many = sentence(lacking(lost(*(f"{at}" for at in range(8)))))
    assert many.count(why) == 5 and many.endswith(f"mae town=4: {why}; and 3 more")
    assert sentence(lacking(())) == "nothing was found"
    window = UnmeasuredFigure(
        under=conditions(window=Range(low="2024-01-01", high="2024-02-01")),
        why=TOO_FEW_ROWS(rows=3, least=30),
    )
    assert sentence(lacking([window])).startswith("2024-01-01 to 2024-02-01: 3 rows")


def test_a_slice_is_a_value_of_the_data_and_marked_as_one():
    message = lacking(lost("Lisboa", "Porto"))
    assert words_of(message) == ["mae", "town", "mae", "town"]
    assert message.values["first"].values["slice"].values["value"] == Words("Lisboa")


def test_scores_without_the_metric_say_why_or_that_it_was_not_measured():
    scores = Scores(
        part="test",
        figures=(Figure(metric="mae", value=1.0),),
        unmeasured=tuple(lost("town=a")),
    )

    def said(**need: str) -> str:
        return sentence(why_none(Need(what="scores", **need), scores))

    assert said(metric="mae", by="town").startswith("mae by town: not defined")
    assert said(metric="mae", by="age") == "no mae was measured by age"
    assert said(metric="r2") == "no r2 was measured"
