from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import polars as pl
import pytest

from comporta.acts.serve.score import score_frame
from comporta.errors import BadData
from comporta.records import Field, Signature
from comporta.serve import LoadedVersion, ModelScores

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
X = Field(name="x", type="Float64")


def version(classes: tuple[str, ...], seen: list[list[datetime]] | None = None) -> LoadedVersion:
    """Its label is whether x is above 1. seen: the times of the rows that it is asked for are added here."""
    task = "regression" if not classes else "binary" if len(classes) == 2 else "multiclass"

    def features(frame: pl.DataFrame, at: pl.Series):
        assert seen is not None
        seen.append(at.to_list())
        return frame, None

    def predict(frame: pl.DataFrame) -> ModelScores:
        x = frame["x"].to_numpy()
        if not classes:
            return ModelScores(2 * x, None)
        chances = np.full((len(x), len(classes)), 1 / len(classes))
        return ModelScores(np.array(classes)[(x > 1).astype(int)], chances)

    return LoadedVersion(
        model="late",
        number=3,
        signature=Signature(
            raw=(X,), features=(X,), output="both", task=task, classes=classes, label="String"
        ),
        predict=predict,
        features=None if seen is None else features,
        time="at",
    )


def test_a_regression_gives_one_column_of_numbers() -> None:
    scored = score_frame(version(()), pl.DataFrame({"x": [1.0, 2.5]}), now=NOW)
    assert scored.to_dict(as_series=False) == {"prediction": [2.0, 5.0]}


def test_two_classes_give_a_label_and_the_probability_of_the_second() -> None:
    scored = score_frame(version(("no", "yes")), pl.DataFrame({"x": [0.0, 2.0]}), now=NOW)
    assert scored.to_dict(as_series=False) == {"label": ["no", "yes"], "probability": [0.5, 0.5]}


def test_more_classes_give_a_column_of_probabilities_for_each() -> None:
    scored = score_frame(version(("a", "b", "c", "d")), pl.DataFrame({"x": [0.0]}), now=NOW)
    assert scored.columns == ["label", *(f"probability {name}" for name in "abcd")]


def test_columns_that_the_version_does_not_take_change_nothing() -> None:
    rows = pl.DataFrame({"more": ["m"], "x": [3.0]})
    assert score_frame(version(()), rows, now=NOW).to_dict(as_series=False) == {"prediction": [6.0]}


def test_a_missing_column_is_named_with_those_that_are_expected() -> None:
    with pytest.raises(BadData, match="late/3: found no column x, expected x"):
        score_frame(version(()), pl.DataFrame({"y": [1.0]}), now=NOW)


def test_each_row_is_joined_at_its_own_time_and_a_row_without_one_now() -> None:
    seen: list[list[datetime]] = []
    zone = timezone(timedelta(hours=2))
    at = pl.Series([datetime(2026, 1, 1, 2, tzinfo=zone), None], dtype=pl.Datetime("us", "Europe/Helsinki"))
    score_frame(version((), seen), pl.DataFrame({"x": [1.0, 2.0]}).with_columns(at=at), now=NOW)
    naive = pl.DataFrame({"x": [1.0], "at": [datetime(2026, 1, 1)]})
    score_frame(version((), seen), naive, now=NOW)
    score_frame(version((), seen), pl.DataFrame({"x": [1.0, 2.0]}), now=NOW)
    assert seen == [[datetime(2026, 1, 1, tzinfo=UTC), NOW], [datetime(2026, 1, 1, tzinfo=UTC)], [NOW, NOW]]
