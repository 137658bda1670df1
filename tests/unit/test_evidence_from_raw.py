"""What counts as a difference between a feature made of a raw request and research's, without a server."""

import json
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from msgspec.structs import replace

from comporta.checks import judge, parity
from comporta.checks.parity.codes import NOT_ASKED_AS_REQUESTS
from comporta.checks.parity.measure import findings
from comporta.checks.shared.measuring.raw_requests import (
    ALONE,
    FromRaw,
    as_explained,
    ask_raw,
    differences,
    is_raw,
    sample_places,
)
from comporta.checks.shared.measuring.server_answers import Gaps, Research
from comporta.opened.sentences import sentence
from comporta.records import DatasetSchema, Evidence, Field, Join, Signature
from comporta.records.features import Bundle

RAW = (Field(name="word", type="String"), Field(name="n", type="Int64"))
MADE = (Field(name="double", type="Float64"), Field(name="word", type="String", values=("a", "b")))
TAKES = Signature(raw=RAW, features=MADE, output="both", task="regression")
ROWS = 450


def gap(research, online, name="x"):
    return differences(pl.Series(name, research), pl.DataFrame({name: online}), name).tolist()


def test_numbers_are_measured_in_the_middle_half_of_what_research_made():
    assert gap([0.0, 1.0, 2.0, 3.0, 4.0], [0.0, 1.0, 2.5, 3.0, 4.0]) == [0, 0, 0.25, 0, 0]
    assert gap([7, 7, 7, 7, 9], [7, 7, 7, 8, 9])[3] == pytest.approx(1 / 0.8), "their standard deviation"
    assert gap([3.0, 3.0], [3.0, 6.0]) == [0, 1], "the largest number"
    assert gap([1e300, 1.0, 2.0, 3.0], [1e300, 1.0, 2.0, 4.0])[3] < 1e-9
    assert gap([float("inf"), 1.0], [float("inf"), 1.0]) == [0, 0]


def test_a_value_on_one_side_only_another_word_or_no_column_count_one():
    assert gap([None, 1.0, 2.0], [0.0, None, 2.0]) == [1, 1, 0]
    assert gap([None, float("nan")], [float("nan"), None]) == [0, 0], "both are missing"
    assert gap(["a", None, "c"], ["b", None, None]) == [1, 0, 1]
    assert gap([True, False], [True, True]) == [0, 1]
    assert gap([1, 0], [True, False]) == [1, 1], "another type"
    assert gap([None, None], [None, 1.0]) == [0, 1]
    assert differences(pl.Series("x", [1.0]), pl.DataFrame({"y": [1.0]}), "x").tolist() == [1]
    words = pl.Series("x", ["a", "b"], dtype=pl.Categorical)
    assert differences(pl.Series("x", ["a", "a"]), words.to_frame(), "x").tolist() == [0, 1]


def table():
    draw = np.random.default_rng(0)
    raw = pl.DataFrame({"word": draw.choice(["a", "b"], ROWS), "n": draw.integers(0, 50, ROWS)})
    rows = raw.select(
        "word",
        double=2.0 * pl.col("n"),
        __key=pl.Series([f"[{n}]" for n in range(ROWS)]),
        __prediction=pl.col("n") + 0.5,
    )
    said = rows["__prediction"].to_numpy()[:, None]
    return rows, raw.with_columns(__row=rows["__key"]), Research(("prediction",), said, None, np.ones(ROWS))


def asked(make, refuse=lambda frame: False, requests=None):
    """What is found where `make` turns a request's rows into features, and the model adds a half."""
    rows, raw, research = table()
    sizes, waiting = [], []

    def ask(body, head):
        names, lines = {}, json.loads(body[:head])["inputs"]
        at = head
        for each in lines:
            if "data" in each:
                names[each["name"]] = each["data"]
            else:
                size = each["parameters"]["binary_data_size"]
                names[each["name"]] = np.frombuffer(body[at : at + size], "<i8").tolist()
                at += size
        frame = pl.DataFrame(names)
        sizes.append(frame.height)
        made = make(frame)
        waiting.append(made)
        if refuse(frame):
            return 400, b'{"error":"no"}', None
        data = (made["double"] / 2 + 0.5).to_list()
        output = {"name": "prediction", "datatype": "FP64", "shape": [len(data)], "data": data}
        return 200, json.dumps({"outputs": [output]}).encode(), None

    def made():
        frames = waiting[:]
        waiting.clear()
        return frames

    waiting.append(pl.DataFrame({"warm": [1]}))
    wanted = sample_places(ROWS, seed=1)
    found = ask_raw(TAKES, rows, research, wanted, raw if requests is None else requests(raw), ask, made)
    return found, sizes, research


def sound(frame):
    return frame.select(double=2.0 * pl.col("n"), word="word")


def verdict(found, research):
    kept = findings(TAKES, research, {"native": nothing()}, {}, found, plain=False)
    (need,) = parity().needs()
    return judge((parity(),), {need: Evidence(need=need, figures=kept.figures)})[0], kept


def nothing():
    return Gaps(np.zeros(ROWS), np.full(ROWS, "", object), np.zeros(ROWS, bool))


def test_rows_are_asked_alone_and_together_and_agree():
    found, sizes, research = asked(sound)
    assert sizes == [1] * ALONE + [100, 100, 100, 100]
    assert found.gaps.by.max() == 0
    said, _ = verdict(found, research)
    assert said.outcome == "pass"
    assert f"{ROWS} of them from the raw request on: 2 features." in sentence(said.reason)


def test_a_feature_that_is_another_is_named_with_its_first_row():
    def wrong(frame):
        return sound(frame).with_columns(word=pl.when(frame["n"] == 17).then(pl.lit("z")).otherwise("word"))

    found, _, research = asked(wrong)
    said, kept = verdict(found, research)
    assert said.outcome == "fail"
    assert "largest feature difference feature word: 1" in sentence(said.reason)
    (line,) = kept.table("features").by_id
    rows, raw, _ = table()
    those = (raw["n"] == 17).arg_true()
    assert (line["feature"], line["rows"], line["first_row"]) == ("word", len(those), those[0])
    assert (line["research"], line["request"]) == (rows["word"][those[0]], "z")


def test_refused_rows_are_counted_and_the_features_of_the_others_stay_theirs():
    found, _, research = asked(sound, refuse=lambda frame: (frame["n"] == 17).any())
    _, raw, _ = table()
    assert found.gaps.refused.sum() == (raw["n"] == 17).sum()
    assert all(gap.max() == 0 for gap in found.features.values())
    said, _ = verdict(found, research)
    assert said.outcome == "fail"
    assert "rows refused form=raw request" in sentence(said.reason)


def test_rows_without_a_request_or_a_key_of_their_own_are_left_out_and_told():
    found, _, research = asked(sound, requests=lambda raw: pl.concat([raw[10:], raw[20:22]]))
    assert len(found.places) == ROWS - 12
    assert NOT_ASKED_AS_REQUESTS(rows=12) in verdict(found, research)[1].notes
    nobody, _, research = asked(sound, requests=lambda raw: raw[:0])
    assert verdict(nobody, research)[0].outcome == "inconclusive"


def test_a_row_is_excused_as_far_as_the_form_was_that_is_as_far_apart():
    rows, _, _ = table()
    far = np.zeros(ROWS)
    far[[3, 5]] = 0.4, 0.4
    raw = FromRaw(np.arange(ROWS), nothing()._replace(by=far), {}, rows, rows, ROWS)
    before = {"onnx": nothing()._replace(by=np.where(np.arange(ROWS) == 3, 0.4, 0.0))}
    after = as_explained(raw, before, {"onnx": nothing()})
    assert np.flatnonzero(after.gaps.by).tolist() == [5]


def test_a_bundle_comes_out_of_a_steps_parameters_as_the_record_that_went_in():
    join = Join(dataset="rates", on={"n": "n"}, columns={"rate": "rate"}, tolerance=timedelta(hours=6))
    shapes = {"rows": DatasetSchema(name="rows", key=("n",), time="at", delay=timedelta(minutes=5))}
    for use, requires in ((None, ()), (("rate",), ("key", "unit"))):
        bundle = Bundle(
            of="rows",
            known=("word", "n"),
            use=use,
            target="y",
            compute=("features:double",),
            joins=(join,),
            shapes=shapes,
            requires=requires,
        )
        stored = json.loads(json.dumps(bundle.as_parameter()))
        assert Bundle.of_parameter(stored) == bundle


def test_what_is_made_on_the_way_is_seen():
    same = Signature(raw=RAW, features=RAW, output="both", task="regression")
    assert is_raw(same, None)
    plain = Bundle(of="rows", known=("word", "n"), use=None, target="y", compute=(), joins=(), shapes={})
    assert is_raw(same, plain)
    assert not is_raw(same, replace(plain, compute=("features:double",)))
    assert not is_raw(TAKES, None)
