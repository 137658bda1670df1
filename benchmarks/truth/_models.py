"""Rows and what models say of them, made up: with a fault that is known, or with none."""

from __future__ import annotations

import numpy as np
import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from comporta.acts.judge.evidence import evidence_of
from comporta.checks import judge
from comporta.records import Check, Findings
from comporta.stats.classes import class_text

COLUMNS = 6


def table(seed: int, rows: int, task: str) -> pl.DataFrame:
    """Six numbers and a word; the target follows from two numbers, a product of two and the word."""
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(rows, COLUMNS))
    word = draw.choice(list("abcd"), rows)
    score = 1.2 * x[:, 0] - 0.8 * x[:, 1] + 0.6 * (word == "b") - 0.3
    if task == "regression":
        target = 10 * (score + draw.normal(size=rows))
    elif task == "multiclass":
        sides = np.stack([score, 0.8 * x[:, 2], -score], axis=1) + draw.gumbel(size=(rows, 3))
        target = np.array(["x", "y", "z"])[sides.argmax(axis=1)]
    else:
        target = draw.random(rows) < 1 / (1 + np.exp(-score))
    return pl.DataFrame(
        {
            **{f"x{at}": x[:, at] for at in range(COLUMNS)},
            "word": word,
            "__keep_town": draw.choice(["p", "q", "r"], rows),
            "__target": target,
        }
    )


def parts(
    seed: int, rows: int, task: str, *, deep: bool = False, boosted: bool = False
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What a line, a tree that remembers, or boosted trees of their usual settings say of their test and of
    their training rows; `rows` test rows."""
    whole = table(seed, 3 * rows, task)
    test, train = whole[:rows], whole[rows:]
    if boosted:
        kind = HistGradientBoostingRegressor if task == "regression" else HistGradientBoostingClassifier
        model = kind(random_state=seed)
    elif task == "regression":
        model = DecisionTreeRegressor(random_state=seed) if deep else Ridge()
    else:
        model = DecisionTreeClassifier(random_state=seed) if deep else LogisticRegression()
    model.fit(numbers(train), train["__target"].to_numpy())
    return said(model, test), said(model, train)


def numbers(rows: pl.DataFrame) -> np.ndarray:
    flags = [(rows["word"] == word).to_numpy() for word in "abcd"]
    return np.column_stack([*(rows[f"x{at}"].to_numpy() for at in range(COLUMNS)), *flags])


def said(model: object, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the columns of predictions."""
    if not hasattr(model, "classes_"):
        return rows.with_columns(__prediction=pl.Series(model.predict(numbers(rows))))
    names = [class_text(each) for each in model.classes_]
    return shown(rows, names, model.predict_proba(numbers(rows)))


def shown(rows: pl.DataFrame, names: list[str], chance: np.ndarray) -> pl.DataFrame:
    """The rows with these probabilities."""
    label = pl.Series([names[at] for at in chance.argmax(axis=1)], dtype=pl.Enum(names))
    return rows.with_columns(
        label.alias("__label"), **{f"__probability_{at}": chance[:, at] for at in range(len(names))}
    )


def fails(check: Check, found: Findings) -> bool:
    """Whether the check refuses what was found."""
    (need,) = check.needs()
    evidence = evidence_of(need, found)
    return judge((check,), {need: evidence})[0].outcome == "fail"
