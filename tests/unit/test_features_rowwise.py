"""A feature function that looks at other rows is found, and named with its column."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from comporta.data.rowwise import rowwise_faults

frame = pl.DataFrame(
    {
        "n": [float(number % 17) for number in range(100)],
        "word": [["red", "blue", None][number % 3] for number in range(100)],
    }
)
n = pl.col("n")


def honest(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        root=n.sqrt().log1p(), nan=(n - n) / (n - n), long=pl.col("word").str.len_chars(), none=pl.lit(None)
    ).with_columns(pl.Series("exp", np.exp(rows["n"].to_numpy())))


def test_a_function_of_the_row_alone_has_no_fault() -> None:
    def constant(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.select(pl.lit(1).alias("one"), n.alias("same"))

    assert rowwise_faults([honest, constant], frame) == []
    assert rowwise_faults([honest], frame.head(1)) == []
    assert rowwise_faults([honest], frame.head(0)) == []


@pytest.mark.parametrize(
    "made",
    [n.shift(1), n.mean(), n.cum_sum(), n.rank(), n / n.max(), pl.col("word").rank("dense"), n.shift(-1),
     n.reverse(), n.fill_null(strategy="forward").rolling_mean(3), pl.len(), n.diff(), n.sort()],
    ids=str,
)  # fmt: skip
def test_a_function_of_other_rows_is_named(made: pl.Expr) -> None:
    def looks(rows: pl.DataFrame) -> pl.DataFrame:
        return rows.select(fine=n + 1, other=n * 0 + made)

    (fault,) = rowwise_faults([honest, looks], frame)
    assert fault.startswith("feature function looks: column other: row ")
    assert "in the batch, but" in fault


def drawn(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(noise=pl.Series(np.random.default_rng().random(rows.height)))


def typed(rows: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame({"kind": pl.Series([word or 1 for word in rows["word"]], strict=False)})


def vanishing(rows: pl.DataFrame) -> pl.DataFrame:
    return rows["word"].fill_null("none").to_dummies()


def needs_two(rows: pl.DataFrame) -> pl.DataFrame:
    if rows.height < 2:
        raise ValueError("too few")
    return rows.select(one=n)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (drawn, "with the same batch again"),
        (vanishing, "it is in the batch, and not so with"),
        (needs_two, "So it was with the row alone"),
        (lambda rows: rows.head(1), "expected one each"),
    ],
)
def test_what_changes_in_other_ways_is_told(
    function: Callable[[pl.DataFrame], pl.DataFrame], message: str
) -> None:
    assert any(message in fault for fault in rowwise_faults([function], frame))
