"""A candidate replayed on what production asked: the same features as in its table, at the request's time."""

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from comporta.acts.judge.evidence import evidence_of
from comporta.checks.judge import judge
from comporta.checks.replay import measure as replay
from comporta.checks.replay.check import replayed
from comporta.checks.replay.codes import SUBJECTS_RESAMPLED
from comporta.data import log_rows, seal_feedback, seal_predictions, slice_of
from comporta.data.change import add
from comporta.data.dataset_log import RedactEntry, append_entry, read_log
from comporta.data.keys import subject_hash
from comporta.data.steps_features import features
from comporta.data.steps_logged import logged_rows
from comporta.opened.sentences import sentence
from comporta.records import (
    DatasetSchema,
    Feedback,
    Field,
    Findings,
    Join,
    Observation,
    Signature,
    by_time,
    encode,
)
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import read, write
from comporta.train import steps
from comporta.train.asking import open_estimator

DAY = datetime(2024, 1, 1, tzinfo=UTC)
ROWS = 600
FLIGHTS = DatasetSchema(name="flights", key=("id",), subject="plane", time="at")
WEATHER = DatasetSchema(name="weather", key=("place", "hour"), time="hour", delay=timedelta(minutes=20))
JOIN = Join(dataset="weather", on={"from": "place"}, columns={"temp": "temp"})


def flights():
    draw = np.random.default_rng(0)
    delay = draw.normal(size=ROWS)
    return pl.DataFrame(
        {
            "id": range(ROWS),
            "plane": [f"N{row % 40}" for row in range(ROWS)],
            "at": [DAY + timedelta(minutes=90 * row) for row in range(ROWS)],
            "from": draw.choice(["A", "B"], ROWS),
            "delay": pl.Series([None if row % 50 == 0 else float(delay[row]) for row in range(ROWS)]),
            "seats": draw.integers(50, 300, ROWS),
            "late": draw.random(ROWS) < 1 / (1 + np.exp(-2 * delay)),
        }
    )


def weather():
    hours = [DAY + timedelta(hours=6 * step) for step in range(200)]
    return pl.DataFrame(
        {
            "place": ["A"] * 200 + ["B"] * 200,
            "hour": hours * 2,
            "temp": np.random.default_rng(1).normal(size=400),
        }
    )


def warm(frame):
    return frame.select(warm=pl.col("temp") > 0, hour=pl.col("at").dt.hour())


DECLARED = {
    "known": ["at", "from", "delay", "seats"],
    "target": "late",
    "use": ["delay", "seats", "temp"],
    "compute": [warm],
    "keep": ["from"],
    "joins": [msgspec.to_builtins(JOIN)],
    "shapes": msgspec.to_builtins({"flights": FLIGHTS, "weather": WEATHER}),
}


@pytest.fixture
def context(tmp_path):
    return StepContext(store=MemoryStore(), keys=derive(b"k" * 32), seed=1, scratch=tmp_path)


def put(context, shape, frame):
    return add(context.store, context.keys, shape, frame, change="append", now=DAY, scratch=context.scratch)[
        0
    ]


def built(context):
    """A model of the first flights, and the table of all."""
    tables = {"of": put(context, FLIGHTS, flights()), "table weather": put(context, WEATHER, weather())}
    made = features(context, **tables, **DECLARED)
    split = msgspec.to_builtins(by_time("10d"))
    table = read(context, made["table"])
    made |= steps.parts(context, table=made["table"], split=split)
    made |= steps.fit(context, train=made["train"], fit=zero, schema=made["schema"])
    return made, table, tables["table weather"]


def zero(X, y):
    return Zeroed().fit(X, y)


class Zeroed:
    """A line that takes gaps as zeros."""

    def fit(self, X, y):
        self.inner = LogisticRegression().fit(self._numbers(X), y)
        self.classes_ = self.inner.classes_
        return self

    def predict(self, X):
        return self.inner.predict(self._numbers(X))

    def predict_proba(self, X):
        return self.inner.predict_proba(self._numbers(X))

    def _numbers(self, X):
        return np.nan_to_num(X.select(pl.all().cast(pl.Float64).fill_null(0.0)).to_numpy())


def asked(rows, *, turned=False):
    """What a server would have logged of these flights, and what was told of them later."""
    seen, told = [], []
    for row in rows.iter_rows(named=True):
        name = f"{row['id']:032x}"
        inputs = {
            "at": row["at"].isoformat(),
            "from": row["from"],
            "delay": row["delay"],
            "seats": row["seats"],
        }
        seen.append(
            Observation(
                id=name, model="late", version=1, at=row["at"] + timedelta(days=3), inputs=inputs,
                output={"label": True}, key=f"[{row['id']}]", subject=row["plane"],
            )
        )  # fmt: skip
        label = (not row["late"]) if turned else row["late"]
        told.append(Feedback(id=name, label=not label, arrived=row["at"] + timedelta(days=4)))
        told.append(Feedback(id=name, label=label, arrived=row["at"] + timedelta(days=5)))
    return seen, told


FIELDS = {
    "at": "Datetime(time_unit='us', time_zone='UTC')",
    "from": "String",
    "delay": "Float64",
    "seats": "Int64",
}


def signature(**types):
    raw = tuple(Field(name=name, type=kind) for name, kind in types.items())
    return Signature(
        raw=raw, features=(), output="label", task="binary", classes=("false", "true"), label="Boolean"
    )


LOGGED = {1: signature(**FIELDS), 2: signature(**{name: FIELDS[name] for name in ("at", "from", "delay")})}


def kept_before(context, seen):
    """The same as an earlier release sealed it: all models in one dataset, inputs and answers as JSON."""
    rows = [
        {
            **{name: getattr(each, name) for name in ("id", "model", "version", "at")},
            **{name: encode(getattr(each, name)).decode() for name in ("inputs", "output", "joined")},
            **{name: getattr(each, name) for name in ("key", "subject", "unit")},
        }
        for each in seen
    ]
    texts = dict.fromkeys(("key", "subject", "unit"), pl.String)
    frame = pl.DataFrame(rows, schema_overrides=texts)
    return put(context, DatasetSchema(name="predictions", key=("id",), subject="subject", time="at"), frame)


def kept(context, seen, told):
    log_rows(context.store, "predictions.late", "p", 0, [each for each in seen if each.model == "late"])
    log_rows(context.store, "feedback", "p", 0, told)
    now = DAY + timedelta(days=100)
    done = seal_predictions(
        context.store, context.keys, "predictions.late", LOGGED.get, now=now, scratch=context.scratch
    )
    assert done is None or not done.rejected
    seal_feedback(context.store, context.keys, "feedback", now=now, scratch=context.scratch)
    names = {"log": "predictions.late", "labels": "feedback"}
    return {part: slice_of(context.store, context.keys, name) for part, name in names.items()}


def table_of(context, made, rain, slices):
    return logged_rows(
        context, **slices, **{"table weather": rain}, signature=made["signature"], model="late", of="flights",
        **DECLARED,
    )["table"]  # fmt: skip


def verdict(context, made, table, check=None, **options):
    check = check or replayed("roc_auc", at_least=0.6)
    step = replay.measure(
        context, model=made["model"], signature=made["signature"], train=made["train"], opened=open_estimator,
        logged=table, **options,
    )  # fmt: skip
    found = context.get_json(step["findings"], Findings)
    (need,) = check.needs()
    evidence = evidence_of(need, found)
    return judge((check,), {need: evidence})[0], found


def test_the_logged_table_is_the_feature_table_of_the_same_rows(context):
    made, table, rain = built(context)
    seen, told = asked(flights()[100:500])
    found = read(context, table_of(context, made, rain, kept(context, seen, told)))
    wanted = table.sort("__at", "__key")[100:500]
    same = [name for name in wanted.columns if name != "__target"]
    assert found.select(same).equals(wanted.select(same))
    # The label that was told last stands, as the signature names it.
    assert found["__target"].to_list() == [str(each).lower() for each in wanted["__target"].to_list()]


def test_what_earlier_releases_logged_is_replayed_beside_what_is_logged_now(context):
    made, table, rain = built(context)
    seen, told = asked(flights()[100:500])
    slices = {"before": kept_before(context, seen[:150]), **kept(context, seen[150:], told)}
    found = read(context, table_of(context, made, rain, slices))
    wanted = table.sort("__at", "__key")[100:500]
    same = [name for name in wanted.columns if name != "__target"]
    assert found.select(same).equals(wanted.select(same))


def test_a_subject_among_the_inputs_is_the_row_s_and_once_forgotten_gives_no_row(context):
    made, _, rain = built(context)
    by_place = msgspec.structs.replace(FLIGHTS, subject="from")
    shapes = msgspec.to_builtins({"flights": by_place, "weather": WEATHER})
    rows = flights()[100:300]
    seen, told = asked(rows)
    bare = [msgspec.structs.replace(each, subject=None) for each in seen]
    slices = {"before": kept_before(context, bare[:50]), **kept(context, bare[50:], told)}

    def marks():
        table = logged_rows(
            context, **slices, **{"table weather": rain}, signature=made["signature"], model="late",
            of="flights", **DECLARED | {"shapes": shapes},
        )  # fmt: skip
        return read(context, table["table"])["__subject"].to_list()

    places = {name: subject_hash(name, context.keys) for name in ("A", "B")}
    assert sorted(marks()) == sorted(places[each] for each in rows["from"])
    gone = (f"{places['A']:016x}",)
    history = read_log(context.store, context.keys, "predictions.late")
    assert append_entry(
        context.store, context.keys, "predictions.late", history, DAY, RedactEntry, moved={}, subjects=gone
    )
    assert set(marks()) == {places["B"]}


def test_of_different_labels_that_of_the_latest_time_counts_and_what_is_no_label_of_the_model_is_left_out(
    context,
):
    made, _, rain = built(context)
    seen, _ = asked(flights()[100:104])
    hour = timedelta(hours=1)

    def label(row, value, arrived, at=None):
        return Feedback(id=seen[row].id, label=value, arrived=DAY + arrived * hour, at=at and DAY + at * hour)

    told = [
        label(0, True, 9, at=5), label(0, False, 10, at=4),  # a label of before that came late
        label(1, False, 9), label(1, True, 10),  # without a time, that of the arrival
        label(2, "banana", 9), label(3, 3.5, 9),  # none of true and false
    ]  # fmt: skip
    found = read(context, table_of(context, made, rain, kept(context, seen, told)))
    assert dict(zip(found["__key"], found["__target"], strict=True)) == {"[100]": "true", "[101]": "true"}


def test_a_candidate_that_is_good_on_them_passes_and_trained_rows_do_not_count(context):
    made, _, rain = built(context)
    slices = kept(context, *asked(flights()))
    said, found = verdict(context, made, table_of(context, made, rain, slices), group="plane")
    trained = read(context, made["train"]).height
    assert said.outcome == "pass"
    assert (found.rows, found.of) == (ROWS - trained, ROWS)
    # The group is no column of a request: the subject that it named is resampled.
    assert found.figures[0].groups == 11
    assert SUBJECTS_RESAMPLED(group="plane") in found.notes


def test_a_candidate_that_fails_what_production_asks_is_refused(context):
    made, _, rain = built(context)
    slices = kept(context, *asked(flights()[430:], turned=True))
    said, _ = verdict(context, made, table_of(context, made, rain, slices))
    assert said.outcome == "fail"


def test_nothing_served_is_nothing_to_replay_and_a_few_rows_are_too_few(context):
    made, _, rain = built(context)
    assert verdict(context, made, None)[0].outcome == "does not apply"
    slices = kept(context, *asked(flights()[590:]))
    said, _ = verdict(context, made, table_of(context, made, rain, slices))
    assert said.outcome == "inconclusive"
    assert "10 logged rows" in sentence(said.reason)


def test_requests_of_other_models_without_labels_or_with_fewer_columns_are_left_out(context):
    made, _, rain = built(context)
    seen, told = asked(flights()[500:580])
    seen[0] = msgspec.structs.replace(seen[0], model="other")
    seen[1] = msgspec.structs.replace(
        seen[1], version=2, inputs={name: seen[1].inputs[name] for name in ("at", "from", "delay")}
    )
    told = [each for each in told if each.id != seen[2].id]
    told[-1] = msgspec.structs.replace(told[-1], label=None)
    found = read(context, table_of(context, made, rain, kept(context, seen, told)))
    assert found.height == 80 - 4


def test_the_same_log_gives_the_same_table(context):
    made, _, rain = built(context)
    slices = kept(context, *asked(flights()[300:]))
    assert table_of(context, made, rain, slices) == table_of(context, made, rain, slices)
    assert write(context, read(context, table_of(context, made, rain, slices))) == table_of(
        context, made, rain, slices
    )
