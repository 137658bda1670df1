"""Sound projects of several kinds: data made up without a fault, and a model that anyone might fit to it.

    boosted     two classes, scikit-learn's boosted trees, numbers, words and gaps, split at random
    plain       two classes that follow from a line, LightGBM as it comes, split at random
    in time     two classes, logistic regression, split by time, two joins and a computed feature
    classes     four classes, LightGBM, split by customers of several rows each
    amounts     numbers, boosted trees, prices and words, split at random
    rare        two classes of which one is rare, LightGBM, two of its features noise
    stations    numbers, ridge regression, split by time, a join, each station resampled whole
    forest      two classes given as labels alone, a forest of small trees, split at random

What varies with the seed: the strength of each feature, the noise, the shares of classes, where rows fall.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

Tables = dict[str, pl.DataFrame]
START = datetime(2025, 1, 1, tzinfo=UTC)
DAYS = 100

HEAD = """import polars as pl

from comporta import (
    AsOf, Dataset, Features, Model, Person, Project, at_random, by_group, by_time, standard,
)
from comporta.checks import *

"""
TAIL = """
    gates=GATES,
    seed=SEED,
)
project = Project("study", models=(model,), people=(Person("rui", "validator"),))
"""
CODES = """
def coded(X, model):
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    words = [name for name in X.columns if X[name].dtype in (pl.Enum, pl.String)]
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)
    return make_pipeline(make_column_transformer((codes, words), remainder="passthrough"), model)

"""
LINEAR = """
def linear(X, model):
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    words = [name for name in X.columns if X[name].dtype in (pl.Enum, pl.String)]
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    columns = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), words), remainder=numbers)
    return make_pipeline(columns, model)

"""
BOOSTED = """
rows = Dataset("rows", source="rows-*.parquet", key="id")


def fit(X, y, *, seed=0):
    from sklearn.ensemble import HistGradientBoostingClassifier

    return coded(X, HistGradientBoostingClassifier(random_state=seed)).fit(X, y)


model = Model(
    "model",
    features=Features("features", of=rows, known=KNOWN),
    target="y",
    fit=fit,
    split=at_random(0.2),
    slices=("region",),"""
PLAIN = """
rows = Dataset("rows", source="rows-*.parquet", key="id")


def fit(X, y, *, seed=0):
    from lightgbm import LGBMClassifier

    return LGBMClassifier(random_state=seed, n_jobs=1, verbose=-1).fit(X, y)


model = Model(
    "model",
    features=Features("features", of=rows, known=KNOWN),
    target="y",
    fit=fit,
    split=at_random(0.2),"""
IN_TIME = """
rows = Dataset("rows", source="rows-*.parquet", key="id", time="at")
weather = Dataset("weather", source="weather-*.parquet", key=("place", "hour"), time="hour", delay="30m")
places = Dataset("places", source="places-*.parquet", key="place")


def clock(rows):
    return rows.select(hour=pl.col("at").dt.hour().cast(pl.Int64))


def fit(X, y, *, seed=0):
    from sklearn.linear_model import LogisticRegression

    return linear(X, LogisticRegression(max_iter=1000)).fit(X, y)


model = Model(
    "model",
    features=Features(
        "features",
        of=rows,
        known=("at", "place", "kind", "a", "b", "c"),
        joins=(
            AsOf(weather, on="place", columns=("temp", "wind"), tolerance="6h"),
            AsOf(places, on="place", columns=("seats",)),
        ),
        compute=(clock,),
        use=("place", "kind", "a", "b", "c", "temp", "wind", "seats", "hour"),
    ),
    target="y",
    fit=fit,
    output="probability",
    split=by_time("20d", gap="1d"),"""
CLASSES = """
rows = Dataset("rows", source="rows-*.parquet", key="id", subject="customer")


def fit(X, y, *, seed=0):
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_estimators=60, num_leaves=15, random_state=seed, n_jobs=1, verbose=-1).fit(X, y)


model = Model(
    "model",
    features=Features("features", of=rows, known=KNOWN),
    target="y",
    fit=fit,
    split=by_group("customer", test=0.25),
    group="customer","""
AMOUNTS = """
rows = Dataset("rows", source="rows-*.parquet", key="id")


def fit(X, y, *, seed=0):
    from sklearn.ensemble import HistGradientBoostingRegressor

    return coded(X, HistGradientBoostingRegressor(random_state=seed)).fit(X, y)


model = Model(
    "model",
    features=Features("features", of=rows, known=KNOWN),
    target="y",
    fit=fit,
    split=at_random(0.2),"""
RARE = """
rows = Dataset("rows", source="rows-*.parquet", key="id")


def fit(X, y, *, seed=0):
    from lightgbm import LGBMClassifier

    trees = LGBMClassifier(
        n_estimators=50, num_leaves=7, learning_rate=0.05, random_state=seed, n_jobs=1, verbose=-1
    )
    return trees.fit(X, y)


model = Model(
    "model",
    features=Features("features", of=rows, known=KNOWN),
    target="y",
    fit=fit,
    output="probability",
    split=at_random(0.3),"""
STATIONS = """
rows = Dataset("rows", source="rows-*.parquet", key="id", time="at")
weather = Dataset("weather", source="weather-*.parquet", key=("place", "hour"), time="hour", delay="30m")


def fit(X, y, *, seed=0):
    from sklearn.linear_model import Ridge

    return linear(X, Ridge()).fit(X, y)


model = Model(
    "model",
    features=Features(
        "features",
        of=rows,
        known=("at", "place", "station", "a", "b", "c"),
        joins=(AsOf(weather, on="place", columns=("temp", "wind"), tolerance="6h"),),
        use=("place", "a", "b", "c", "temp", "wind"),
    ),
    target="y",
    fit=fit,
    split=by_time("20d", gap="1d"),
    group="station","""
FOREST = """
rows = Dataset("rows", source="rows-*.parquet", key="id")


def fit(X, y, *, seed=0):
    from sklearn.ensemble import RandomForestClassifier

    trees = RandomForestClassifier(100, max_depth=8, min_samples_leaf=5, random_state=seed)
    return coded(X.fill_nan(None), trees).fit(X, y)


model = Model(
    "model",
    features=Features("features", of=rows, known=KNOWN),
    target="y",
    fit=fit,
    output="label",
    split=at_random(0.2),"""


def _logistic(score: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-score))


def _mixed(
    draw: np.random.Generator, world: np.random.Generator, rows: int
) -> tuple[pl.DataFrame, np.ndarray]:
    """Numbers of several shapes with gaps, words, and a score that follows from some of them."""
    x = draw.normal(size=(rows, 6))
    made: dict[str, np.ndarray] = {f"x{at}": x[:, at] for at in range(6)}
    made["price"] = np.round(np.exp(3 + 0.8 * draw.normal(size=rows)), 2)
    made["count"] = draw.poisson(3, rows)
    made["flag"] = draw.random(rows) < 0.3
    made["region"] = draw.choice(["north", "south", "east", "west"], rows, p=[0.4, 0.3, 0.2, 0.1])
    towns = np.array([f"town {at}" for at in range(30)])
    at = draw.integers(0, 30, rows)
    made["town"] = towns[at]
    weight = world.uniform(0.3, 1.2, 4) * world.choice([-1, 1], 4)
    score = x[:, :3] @ weight[:3] + 0.5 * x[:, 3] * x[:, 4] + weight[3] * (np.log(made["price"]) - 3)
    score += 0.4 * made["flag"] + world.normal(0, 0.4, 30)[at] + 0.3 * (made["region"] == "west")
    gaps = draw.random(rows) < 0.06
    frame = pl.DataFrame(made).with_columns(x5=pl.when(pl.Series(gaps)).then(None).otherwise(pl.col("x5")))
    return frame, score


def _known(frame: pl.DataFrame) -> tuple[str, ...]:
    return tuple(name for name in frame.columns if name not in ("id", "y", "at"))


def _boosted(draw: np.random.Generator, world: np.random.Generator, rows: int, first: int) -> Tables:
    frame, score = _mixed(draw, world, rows)
    y = draw.random(rows) < _logistic(world.uniform(0.8, 2.0) * score + world.uniform(-1.2, 0.5))
    return {"rows": frame.with_columns(y=pl.Series(y))}


def _plain(draw: np.random.Generator, world: np.random.Generator, rows: int, first: int) -> Tables:
    x = draw.normal(size=(rows, 8))
    score = world.uniform(0.8, 2.5) * x[:, :4] @ np.array([1.0, -0.8, 0.6, 0.4])
    made = {f"x{at}": x[:, at] for at in range(8)}
    return {"rows": pl.DataFrame(made).with_columns(y=pl.Series(draw.random(rows) < _logistic(score)))}


def _rare(draw: np.random.Generator, world: np.random.Generator, rows: int, first: int) -> Tables:
    frame, score = _mixed(draw, world, rows)
    y = draw.random(rows) < _logistic(1.5 * score - world.uniform(3.6, 4.4))
    return {"rows": frame.with_columns(y=pl.when(pl.Series(y)).then(pl.lit("yes")).otherwise(pl.lit("no")))}


def _forest(draw: np.random.Generator, world: np.random.Generator, rows: int, first: int) -> Tables:
    frame, score = _mixed(draw, world, rows)
    y = draw.random(rows) < _logistic(world.uniform(1.0, 2.0) * score)
    return {"rows": frame.with_columns(pl.col("x5").fill_null(0.0), y=pl.Series(y).cast(pl.Int64))}


def _amounts(draw: np.random.Generator, world: np.random.Generator, rows: int, first: int) -> Tables:
    frame, score = _mixed(draw, world, rows)
    noise = world.uniform(0.5, 1.5) * draw.standard_t(5, rows)
    return {"rows": frame.with_columns(y=pl.Series(np.round(100 + 20 * (score + noise), 1)))}


def _classes(draw: np.random.Generator, world: np.random.Generator, rows: int, first: int) -> Tables:
    """Customers of one to nine rows; what they are like tells in all of these."""
    sizes = draw.integers(1, 10, rows)
    customer = np.repeat(np.arange(rows), sizes)[:rows]
    own = draw.normal(size=(rows, 2))[customer]
    x = draw.normal(size=(rows, 5))
    word = draw.integers(0, 6, rows)
    sides = np.column_stack([own, x]) @ world.normal(0, 0.8, (7, 4)) + world.normal(0, 0.5, (6, 4))[word]
    kind = (sides + 0.7 * draw.normal(size=(rows, 4))[customer] + draw.gumbel(size=(rows, 4))).argmax(axis=1)
    frame = pl.DataFrame({f"x{at}": x[:, at] for at in range(5)}).with_columns(
        own=pl.Series(own[:, 0]),
        word=pl.Series(np.array(list("uvwxyz"))[word]),
        customer=pl.Series([f"{first + at}" for at in customer]),
        y=pl.Series(np.array(["bike", "bus", "car", "train"])[kind]),
    )
    return {"rows": frame}


def _times(draw: np.random.Generator, rows: int, first: int) -> np.ndarray:
    """Seconds since the start, sorted: of the first 100 days, or of the days after them."""
    days = (0, DAYS) if first == 0 else (DAYS, DAYS + 25)
    return np.sort(draw.integers(days[0] * 86_400, days[1] * 86_400, rows))


def _weather(world: np.random.Generator, first: int) -> tuple[pl.DataFrame, np.ndarray]:
    """Every hour at four places: the temperature of a day is about that of the day before."""
    hours = (DAYS + 25) * 24
    slow = np.cumsum(world.normal(size=(hours, 4)) * 0.3, axis=0)
    slow = (slow - slow.mean(axis=0)) / slow.std(axis=0)
    wind = world.gamma(2, 2, (hours, 4))
    told = range(DAYS * 24) if first == 0 else range(DAYS * 24, hours)
    lines = [
        {
            "place": place,
            "hour": START + timedelta(hours=hour),
            "temp": slow[hour, at],
            "wind": wind[hour, at],
        }
        for at, place in enumerate("pqrs")
        for hour in told
    ]
    return pl.DataFrame(lines), slow


def _timed(
    draw: np.random.Generator, world: np.random.Generator, rows: int, first: int
) -> tuple[Tables, np.ndarray, np.ndarray]:
    weather, slow = _weather(world, first)
    at = _times(draw, rows, first)
    place = draw.integers(0, 4, rows)
    felt = slow[np.maximum(at // 3600 - 1, 0), place]
    frame = pl.DataFrame(
        {
            "at": [START + timedelta(seconds=int(each)) for each in at],
            "place": np.array(list("pqrs"))[place],
            "kind": draw.choice(["new", "old", "other"], rows),
            **{name: draw.normal(size=rows) for name in "abc"},
        }
    )
    score = 0.8 * frame["a"].to_numpy() - 0.6 * frame["b"].to_numpy() + 0.5 * felt
    score += 0.4 * (frame["kind"] == "new").to_numpy() + world.normal(0, 0.3, 4)[place]
    score += world.normal(0, 0.25, DAYS + 25)[at // 86_400]
    return {"rows": frame, "weather": weather}, score, place


def _in_time(draw: np.random.Generator, world: np.random.Generator, rows: int, first: int) -> Tables:
    tables, score, _ = _timed(draw, world, rows, first)
    y = draw.random(rows) < _logistic(world.uniform(0.8, 1.6) * score + world.uniform(-1.0, 0.3))
    tables["rows"] = tables["rows"].with_columns(y=pl.Series(y))
    if first == 0:
        tables["places"] = pl.DataFrame({"place": list("pqrs"), "seats": [50, 80, 120, 200]})
    return tables


def _stations(draw: np.random.Generator, world: np.random.Generator, rows: int, first: int) -> Tables:
    tables, score, _ = _timed(draw, world, rows, first)
    station = draw.integers(0, 60, rows)
    score = score + world.normal(0, 0.3, 60)[station] + world.uniform(0.6, 1.2) * draw.normal(size=rows)
    tables["rows"] = tables["rows"].with_columns(
        station=pl.Series([f"s{each}" for each in station]), y=pl.Series(30 + 10 * score)
    ).drop("kind")  # fmt: skip
    return tables


Maker = Callable[[np.random.Generator, np.random.Generator, int, int], Tables]
KINDS: dict[str, tuple[str, Maker]] = {
    "boosted": (CODES + BOOSTED, _boosted),
    "plain": (PLAIN, _plain),
    "in time": (LINEAR + IN_TIME, _in_time),
    "classes": (CLASSES, _classes),
    "amounts": (CODES + AMOUNTS, _amounts),
    "rare": (RARE, _rare),
    "stations": (LINEAR + STATIONS, _stations),
    "forest": (CODES + FOREST, _forest),
}
TIMELESS = {"in time": "places"}


def kind_of(seed: int) -> str:
    """Which of the kinds this seed is of, in turn."""
    return list(KINDS)[seed % len(KINDS)]


def tables(kind: str, seed: int, rows: int, first: int = 0) -> Tables:
    """New rows of the world of this seed. first: how many there are already; 0 makes what never changes."""
    made = KINDS[kind][1](
        np.random.default_rng([seed, rows, first]), np.random.default_rng([seed, 1]), rows, first
    )
    made["rows"] = made["rows"].with_columns(id=pl.int_range(first, first + rows))
    return made


def text(kind: str, known: tuple[str, ...], gates: str, seed: int) -> str:
    """The project's file."""
    body = HEAD + KINDS[kind][0].replace("KNOWN", repr(known)) + TAIL
    return body.replace("GATES", gates).replace("SEED", str(seed))


def known(kind: str, made: Tables) -> tuple[str, ...]:
    """What a request carries of its rows."""
    return tuple(
        name for name in made["rows"].columns if name not in ("id", "y", "at", "customer", "station")
    )
