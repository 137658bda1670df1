"""Requests that are right, in every form that the protocols know, and what is kept of them."""

import asyncio
import json
import threading
from datetime import UTC, datetime

import msgspec
import numpy as np
import polars as pl
import pytest

from comporta.http.replies import JSON
from comporta.records import Field, JoinedRow, Share, Signature
from comporta.serve import App, LoadedVersion, ModelScores
from comporta.serve.recent_predictions import RecentPredictions
from comporta.testing.serving import MemorySink, MemorySource, ask

KEY = b"r" * 32
NUMBERS = tuple(Field(name=f"x{i}", type="Float64") for i in range(4))
WORDS = (
    Field(name="minutes", type="Int64", nullable=False),
    Field(name="carrier", type="String", values=("AA", "UA")),
    Field(name="night", type="Boolean"),
    Field(name="at", type="Datetime(time_unit='us', time_zone='UTC')"),
    Field(name="day", type="Date"),
)
WEATHER = (JoinedRow(dataset="weather", version=2, key={"origin": "EWR"}),)


def numbers(model: str, number: int) -> LoadedVersion:
    """Binary: the chance is the logistic of the sum; missing counts as zero."""

    def fast(rows) -> ModelScores:
        chance = 1 / (1 + np.exp(-np.nan_to_num(rows).sum(axis=1)))
        return ModelScores(chance > 0.5, np.stack([1 - chance, chance], axis=1))

    return LoadedVersion(
        model=model, number=number, fast=fast, predict=lambda frame: fast(frame.to_numpy()),
        signature=Signature(
            raw=NUMBERS, features=NUMBERS, output="both", task="binary", classes=("false", "true"),
            label="Boolean",
        ),
    )  # fmt: skip


def words(model: str, number: int) -> LoadedVersion:
    """Regression over raw columns of every kind, with a joined feature; tells the version in its answer."""

    def features(frame: pl.DataFrame, at: pl.Series):
        made = frame.select(
            pl.col("minutes").cast(pl.Float64), hour=at.dt.hour().cast(pl.Float64),
            known=pl.col("carrier").is_in(["AA", "UA"]),
        )  # fmt: skip
        return made, [WEATHER] * frame.height

    fields = (
        Field(name="minutes", type="Float64"),
        Field(name="hour", type="Float64"),
        Field(name="known", type="Boolean"),
    )
    return LoadedVersion(
        model=model, number=number, features=features, time="at",
        predict=lambda rows: ModelScores(
            (rows["minutes"] + 100 * number + rows["hour"] / 100).to_numpy(), None
        ),
        signature=Signature(raw=WORDS, features=fields, output="label", task="regression", label="Float64"),
    )  # fmt: skip


def three(model: str, number: int) -> LoadedVersion:
    """Multi-class: the probabilities are the row's numbers over their sum."""

    def predict(frame: pl.DataFrame) -> ModelScores:
        rows = frame.to_numpy() / np.maximum(frame.to_numpy().sum(axis=1, keepdims=True), 1e-9)
        return ModelScores(np.array(["a", "b", "c", "d"], dtype=object)[rows.argmax(axis=1)], rows)

    return LoadedVersion(
        model=model, number=number, predict=predict,
        signature=Signature(
            raw=NUMBERS, features=NUMBERS, output="both", task="multiclass", classes=("a", "b", "c", "d"),
            label="String",
        ),
    )  # fmt: skip


def asking(model: str, number: int) -> LoadedVersion:
    """The numbers, and whom and what each row is about."""
    return msgspec.structs.replace(numbers(model, number), requires=("subject", "unit"))


def folding(model: str, number: int) -> LoadedVersion:
    """The words, about people who are named without regard to case."""
    return msgspec.structs.replace(words(model, number), form="folded")


MAKERS = {"numbers": numbers, "words": words, "three": three, "asking": asking, "folding": folding}
ROW = {"minutes": 5, "carrier": "AA", "night": True, "at": "2026-01-31T12:00:00Z", "day": "2026-01-31"}


def one(version: int = 1) -> tuple[Share, ...]:
    return (Share(version=version, weight=1.0),)


def serving(*models: str, sink: MemorySink | None = None, **settings) -> App:
    routes = {model: one() for model in models or MAKERS}
    source = MemorySource(lambda model, number: MAKERS[model](model, number), routes)
    settings = {"flush": 0.01, "say": lambda line: None, "key": KEY, **settings}
    return App(source, sink or MemorySink(), **settings)


def run(requests, *models: str, **settings):
    """What a turn of requests gives: (answers, sink) once the log is written."""
    sink = MemorySink()

    async def turn():
        async with serving(*models, sink=sink, **settings) as app:
            return [await ask(app, *args, **named) for args, named in requests]

    return asyncio.run(turn()), sink


def infer(model: str, body, **named):
    answers, sink = run([(("POST", f"/v2/models/{model}/infer", body), named)])
    status, _, data = answers[0]
    assert status == 200, data
    return json.loads(data), sink


def output(answer, name: str):
    return next(each for each in answer["outputs"] if each["name"] == name)


def tensors(row: dict, kinds=None, shape=(1,)):
    kinds = {int: "INT64", float: "FP64", bool: "BOOL", str: "BYTES", type(None): "BYTES"}
    return [
        {"name": name, "shape": list(shape), "datatype": kinds[type(value)], "data": [value]}
        for name, value in row.items()
    ]


def logistic(*values: float) -> float:
    return float(1 / (1 + np.exp(-sum(values))))


@pytest.mark.parametrize("data", [[0.1, 0.2, 0.3, 0.4], [[0.1, 0.2, 0.3, 0.4]]], ids=["flat", "nested"])
@pytest.mark.parametrize("kind", ["FP32", "FP64"])
def test_one_matrix_is_a_row(data, kind) -> None:
    body = {"inputs": [{"name": "rows", "shape": [1, 4], "datatype": kind, "data": data}]}
    answer, sink = infer("numbers", body)
    assert answer["model_name"] == "numbers"
    assert answer["model_version"] == "1"
    assert output(answer, "probability")["data"] == [pytest.approx(logistic(0.1, 0.2, 0.3, 0.4))]
    assert output(answer, "probability")["shape"] == [1]
    assert output(answer, "label") == {"name": "label", "datatype": "BOOL", "shape": [1], "data": [True]}
    assert output(answer, "prediction_id")["data"] == [sink.observations[0].id] == [answer["id"]]
    assert sink.observations[0].inputs == {"x0": 0.1, "x1": 0.2, "x2": 0.3, "x3": 0.4}
    assert sink.observations[0].output == {"label": True, "probability": pytest.approx(0.731, abs=1e-3)}


def test_named_columns_are_rows_in_any_order_and_any_number_type() -> None:
    inputs = [
        {"name": "x3", "shape": [2, 1], "datatype": "INT64", "data": [[4], [0]]},
        {"name": "x0", "shape": [2], "datatype": "FP64", "data": [1, 0.5]},
        {"name": "x2", "shape": [2], "datatype": "FP32", "data": [3, None]},
        {"name": "x1", "shape": [2], "datatype": "UINT8", "data": [2, 0]},
    ]
    answer, sink = infer("numbers", {"id": "mine", "inputs": inputs})
    assert answer["id"] == "mine"
    assert output(answer, "probability")["data"] == [
        pytest.approx(logistic(10)),
        pytest.approx(logistic(0.5)),
    ]
    assert [each.inputs for each in sink.observations] == [
        {"x0": 1.0, "x1": 2.0, "x2": 3.0, "x3": 4.0}, {"x0": 0.5, "x1": 0.0, "x2": None, "x3": 0.0},
    ]  # fmt: skip


def test_in_the_order_of_the_signature_named_columns_say_the_same_as_a_matrix() -> None:
    row = {"x0": 0.25, "x1": -1.5, "x2": 3.0, "x3": 0.0}
    named, _ = infer("numbers", {"inputs": tensors(row)})
    matrix = {"name": "m", "shape": [1, 4], "datatype": "FP64", "data": list(row.values())}
    whole, _ = infer("numbers", {"inputs": [matrix]})
    assert output(named, "probability")["data"] == output(whole, "probability")["data"]


def test_words_times_dates_and_booleans_reach_the_features_and_the_log() -> None:
    body = {"inputs": tensors(ROW), "parameters": {"key": "k1", "subject": "N1", "unit": "u1"}}
    answer, sink = infer("words", body)
    assert output(answer, "prediction")["data"] == [pytest.approx(105.12)]
    kept = sink.observations[0]
    assert kept.inputs == {**ROW, "at": "2026-01-31T12:00:00+00:00"}
    assert (kept.key, kept.subject, kept.unit, kept.joined) == ("k1", "N1", "u1", WEATHER)
    assert msgspec.json.encode(kept)


def test_the_time_of_a_request_goes_before_its_column_and_is_what_is_kept() -> None:
    body = {"inputs": tensors(ROW), "parameters": {"time": "2026-02-01T09:00:00+02:00"}}
    answer, sink = infer("words", body)
    assert output(answer, "prediction")["data"] == [pytest.approx(105.07)]
    assert sink.observations[0].at == datetime(2026, 2, 1, 7, tzinfo=UTC)


def test_probabilities_of_many_classes_come_in_their_order() -> None:
    body = {"inputs": [{"name": "m", "shape": [2, 4], "datatype": "FP64", "data": [1, 1, 1, 7, 6, 2, 1, 1]}]}
    answer, sink = infer("three", body)
    assert output(answer, "probability")["shape"] == [2, 4]
    assert output(answer, "probability")["data"] == pytest.approx([0.1, 0.1, 0.1, 0.7, 0.6, 0.2, 0.1, 0.1])
    assert output(answer, "label")["data"] == ["d", "a"]
    assert sink.observations[1].output["probability"] == pytest.approx([0.6, 0.2, 0.1, 0.1])


def test_only_the_outputs_that_are_asked_for_come_and_the_id_always() -> None:
    matrix = {"name": "m", "shape": [1, 4], "datatype": "FP64", "data": [0, 0, 0, 0]}
    answer, _ = infer("numbers", {"inputs": [matrix], "outputs": [{"name": "probability"}]})
    assert [each["name"] for each in answer["outputs"]] == ["probability", "prediction_id"]


def test_whole_numbers_keep_every_digit() -> None:
    large = 2**53 + 1
    _, sink = infer("words", {"inputs": tensors({**ROW, "minutes": large})})
    assert sink.observations[0].inputs["minutes"] == large


@pytest.mark.parametrize("written", ["9007199254740993.0", "9.007199254740993e15"])
def test_a_whole_number_that_a_double_may_have_rounded_is_refused_with_what_to_write(written: str) -> None:
    body = json.dumps({"dataframe_records": [{**ROW, "minutes": 12345}]}).replace("12345", written)
    ((status, _, data),), _ = run([(("POST", "/models/words/invocations", body.encode()), {})])
    assert status == 400
    assert "found a number of 2^53 or more with a point or an exponent" in json.loads(data)["message"]


FORMS = {
    "split": {"dataframe_split": {"columns": list(ROW), "data": [list(ROW.values())] * 2}},
    "records": {"dataframe_records": [ROW, ROW]},
    "instances": {"instances": [ROW, ROW]},
    "lists": {"instances": [list(ROW.values())] * 2},
    "inputs": {"inputs": {name: [value, value] for name, value in ROW.items()}},
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_invocations_gives_the_same(form) -> None:
    answers, sink = run([(("POST", "/models/words/invocations", FORMS[form]), {})])
    status, _, data = answers[0]
    assert status == 200, data
    said = json.loads(data)
    assert said["predictions"] == [pytest.approx(105.12)] * 2
    assert said["prediction_ids"] == [each.id for each in sink.observations]
    assert said["model_versions"] == [1, 1]


def test_csv_is_typed_by_the_model_and_not_by_its_looks() -> None:
    text = b"carrier,minutes,night,at,day\nAA,5,true,2026-01-31T12:00:00Z,2026-01-31\n,7,,,\n"
    answers, sink = run([(("POST", "/models/words/invocations", text), {"kind": "text/csv; charset=utf-8"})])
    assert answers[0][0] == 200, answers[0][2]
    assert sink.observations[0].inputs["carrier"] == "AA"
    assert sink.observations[1].inputs == {
        "minutes": 7, "carrier": None, "night": None, "at": None, "day": None,
    }  # fmt: skip


def test_predictions_with_label_and_probability_are_objects() -> None:
    answers, _ = run([(("POST", "/models/numbers/invocations", {"instances": [[0, 0, 0, 1]]}), {})])
    assert json.loads(answers[0][2])["predictions"] == [
        {"label": True, "probability": pytest.approx(logistic(1))}
    ]


def test_the_only_model_answers_at_invocations() -> None:
    answers, _ = run([(("POST", "/invocations", {"instances": [[0, 0, 0, 1]]}), {})], "numbers")
    assert answers[0][0] == 200


def test_rows_may_each_say_whom_they_are_about() -> None:
    rows = [
        {**ROW, "__unit": f"u{i}", "__subject": f"s{i}", "__time": "2026-01-01T01:00:00Z"} for i in range(3)
    ]
    _, sink = run([(("POST", "/models/words/invocations", {"dataframe_records": rows}), {})])
    assert [(each.unit, each.subject) for each in sink.observations] == [(f"u{i}", f"s{i}") for i in range(3)]
    assert {each.at.hour for each in sink.observations} == {1}


def test_whom_a_row_is_about_is_kept_in_the_form_that_its_dataset_declares() -> None:
    named = [" Ana@Example.org", "Jose\u0301", 123, None]
    rows = [{**ROW, "__subject": each} for each in named]
    asked = [
        (("POST", f"/models/{model}/invocations", {"dataframe_records": rows}), {})
        for model in ("words", "folding")
    ]
    _, sink = run(asked)
    kept = [each.subject for each in sink.observations]
    assert kept[:4] == [" Ana@Example.org", "Jos\u00e9", "123", None]
    assert kept[4:] == ["ana@example.org", "jos\u00e9", "123", None]


def test_rows_of_different_units_may_be_answered_by_different_versions_in_one_answer() -> None:
    units = [f"unit {number}" for number in range(40)]
    inputs = [
        {"name": name, "shape": [40], "datatype": tensor["datatype"], "data": tensor["data"] * 40}
        for name, tensor in ((each["name"], each) for each in tensors(ROW))
    ]
    inputs.append({"name": "__unit", "shape": [40], "datatype": "BYTES", "data": units})
    sink = MemorySink()

    async def turn():
        app = serving(sink=sink)
        beside = Share(version=2, weight=0.5, role="challenger")
        app.source.now["words"] = (Share(version=1, weight=0.5), beside)
        async with app:
            whole = await ask(app, "POST", "/v2/models/words/infer", {"inputs": inputs})
            single = await ask(
                app, "POST", "/v2/models/words/infer",
                {"inputs": tensors(ROW), "parameters": {"unit": units[7]}},
            )  # fmt: skip
            broken = [json.loads(json.dumps(inputs)) for _ in range(4)]
            for row, each in enumerate(broken):
                each[0]["data"][10 * row + 5] = None
            path = "/v2/models/words/infer"
            return whole, single, [await ask(app, "POST", path, {"inputs": each}) for each in broken]

    (status, _, data), single, broken = asyncio.run(turn())
    # A row has its number in the request, whichever version refuses it.
    for row, (code, _, said) in enumerate(broken):
        assert code == 400
        assert f"column 'minutes', row {10 * row + 5}: found a missing value".encode() in said
    assert status == 200, data
    answer = json.loads(data)
    assert "model_version" not in answer
    versions = output(answer, "model_version")["data"]
    assert set(versions) == {"1", "2"}
    assert [int((each - 5) // 100) for each in output(answer, "prediction")["data"]] == [
        int(v) for v in versions
    ]
    assert json.loads(single[2])["model_version"] == versions[7]
    by_id = {each.id: each for each in sink.observations}
    for row, prediction in enumerate(output(answer, "prediction_id")["data"]):
        assert (by_id[prediction].unit, str(by_id[prediction].version)) == (units[row], versions[row])


def test_a_version_can_be_asked_by_its_number() -> None:
    path = "/v2/models/numbers/versions/1/infer"
    matrix = {"name": "m", "shape": [1, 4], "datatype": "FP64", "data": [0, 0, 0, 0]}
    answers, _ = run([(("POST", path, {"inputs": [matrix]}), {})])
    assert answers[0][0] == 200


def test_feedback_is_kept_one_or_many_at_a_time() -> None:
    first, second = "0" * 32, "a" * 32
    answers, sink = run(
        [
            (("POST", "/feedback", {"id": first, "label": True}), {}),
            (("POST", "/feedback", [{"id": second, "label": 3.5, "at": "2026-01-01T00:00:00Z"}] * 2), {}),
        ]
    )
    assert [json.loads(each[2]) for each in answers] == [{"accepted": 1}, {"accepted": 2}]
    assert [(each.id, each.label) for each in sink.told] == [(first, True), (second, 3.5)]
    assert sink.told[1].at == datetime(2026, 1, 1, tzinfo=UTC)


def test_feedback_that_lacks_something_is_told_what_and_an_example() -> None:
    for body, what in (
        ({"label": True}, "missing required field `id`"),
        ({"id": "0" * 32}, "missing required field `label`"),
        ([], "found no label"),
        ({"id": "7", "label": True}, "found an 'id' that is none"),
    ):
        answers, _ = run([(("POST", "/feedback", body), {})])
        status, _, data = answers[0]
        text = json.loads(data)["error"]
        assert status == 400 and what in text
        example = json.loads(text.partition("For example: ")[2])
        assert example.keys() == {"id", "label"}


def test_another_label_for_an_id_in_one_call_is_kept_after_the_first_and_counted_as_a_correction() -> None:
    labels = [{"id": "0" * 32, "label": label} for label in (0, 1, True, 1.0, 1, 0)]
    answers, sink = run([(("POST", "/feedback", labels), {}), (("GET", "/metrics"), {})])
    assert json.loads(answers[0][2]) == {"accepted": 6, "corrections": 4}
    # 1 and 1.0 are one label, true is another; what is taken back by a later one may come again.
    assert [each.label for each in sink.told] == [0, 1, True, 1.0, 0]
    arrived = [each.arrived for each in sink.told]
    assert arrived == sorted(set(arrived))
    assert b"comporta_feedback_corrections_total 4" in answers[1][2]


BINARY = {"binary": numbers, "regression": words, "multiclass": three}
GOOD_LABELS = {"binary": (True, 0, 1.0, "true"), "regression": (1, 2.5, -1e300), "multiclass": ("a", "d")}
BAD_LABELS = {
    "binary": ("banana", 2, 0.5, "True", "1", 10**400, -(10**4000)),
    "regression": (True, "banana", "1.5", 10**400),
    "multiclass": ("e", 1, True),
}


@pytest.mark.parametrize("model", BINARY)
def test_a_label_is_read_by_the_signature_of_the_model_that_answers(model) -> None:
    async def turn():
        source = MemorySource(BINARY[model], {model: one()})
        async with App(source, MemorySink(), key=KEY, say=lambda line: None) as app:
            given = [*GOOD_LABELS[model], *BAD_LABELS[model]]
            return [await ask(app, "POST", "/feedback", {"id": "0" * 32, "label": each}) for each in given]

    answers = asyncio.run(turn())
    good = len(GOOD_LABELS[model])
    assert [status for status, _, _ in answers] == [200] * good + [400] * len(BAD_LABELS[model])
    for _, _, data in answers[good:-1]:
        assert b"feedback 0: found" in data
        assert b"expected a label of a model here" in data


ASKED = {
    "numbers": {"instances": [[0, 0, 0, 0]]},
    "words": {"dataframe_records": [ROW]},
}


def labelled(sink: MemorySink, *, between=None):
    """One answer each of a binary model and a regression; a label is then given to each of the two ids."""

    async def turn(given):
        async with serving("numbers", "words", sink=sink) as app:
            ids = []
            for model, body in ASKED.items():
                status, _, data = await ask(app, "POST", f"/models/{model}/invocations", body)
                assert status == 200, data
                ids += json.loads(data)["prediction_ids"]
            if between is not None:
                await between(app)
            return [
                await ask(app, "POST", "/feedback", {"id": ids[place], "label": label})
                for place, label in given
            ]

    return lambda given: asyncio.run(turn(given))


async def forgotten(app: App) -> None:
    """No answer is remembered any more; all are in the log."""
    await asyncio.sleep(0.1)
    app._feedback._recent = RecentPredictions()


@pytest.mark.parametrize("between", [None, forgotten])
def test_of_several_models_a_label_is_read_by_the_one_that_gave_the_answer(between) -> None:
    sink = MemorySink({(model, 1): MAKERS[model](model, 1).signature for model in ("numbers", "words")})
    given = [(0, True), (0, 2.5), (1, 2.5), (1, True), (1, 1), (0, 0)]
    answers = labelled(sink, between=between)(given)
    assert [status for status, _, _ in answers] == [200, 400, 200, 400, 200, 200]
    assert b"found a number, expected one of" in answers[1][2]
    assert b"the prediction is of numbers" in answers[1][2]
    assert b"found true or false, expected a number: the prediction is of words" in answers[3][2]
    assert [each.label for each in sink.told] == [True, 2.5, 1, 0]


def test_a_label_of_a_prediction_that_nobody_knows_is_kept_where_it_is_one_of_any_model() -> None:
    sink = MemorySink()
    given = [(0, 2.5), (1, True), (0, "banana")]
    assert [each[0] for each in labelled(sink, between=forgotten)(given)] == [200, 200, 400]
    assert [each.label for each in sink.told] == [2.5, True]


def test_while_the_log_cannot_be_read_labels_that_it_must_tell_are_not_taken() -> None:
    sink = MemorySink()

    async def breaks(app: App) -> None:
        await forgotten(app)
        sink.fault = OSError("gone")

    ((status, headers, _),) = labelled(sink, between=breaks)([(0, 2.5)])
    assert (status, headers["retry-after"]) == (503, "1")


def test_while_a_released_model_does_not_answer_any_label_is_taken() -> None:
    async def turn():
        source = MemorySource(lambda model, number: numbers(model, number) if model == "numbers" else None,
                              {"numbers": one(), "gone": one()})  # fmt: skip
        async with App(source, MemorySink(), key=KEY, say=lambda line: None) as app:
            return await ask(app, "POST", "/feedback", {"id": "0" * 32, "label": "banana"})

    assert asyncio.run(turn())[0] == 200


def test_a_body_in_pieces_is_one_body() -> None:
    matrix = {"name": "m", "shape": [1, 4], "datatype": "FP64", "data": [0, 0, 0, 0]}
    answers, _ = run([(("POST", "/v2/models/numbers/infer", {"inputs": [matrix]}), {"pieces": 7})])
    assert answers[0][0] == 200


def test_metadata_says_what_a_request_must_hold() -> None:
    answers, _ = run([(("GET", "/v2/models/words"), {}), (("GET", "/v2/models/three/versions/1"), {})])
    said = json.loads(answers[0][2])
    assert (said["name"], said["versions"], said["platform"]) == ("words", ["1"], "comporta")
    assert [(each["name"], each["datatype"]) for each in said["inputs"]] == [
        ("minutes", "INT64"), ("carrier", "BYTES"), ("night", "BOOL"), ("at", "BYTES"), ("day", "BYTES"),
    ]  # fmt: skip
    assert said["inputs"][0]["parameters"]["nullable"] is False
    assert output({"outputs": json.loads(answers[1][2])["outputs"]}, "probability")["shape"] == [-1, 4]


def test_health_and_versions_are_told_as_each_protocol_has_it() -> None:
    paths = ["/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/three/ready", "/ping", "/version"]
    answers, _ = run([(("GET", path), {}) for path in paths])
    assert [each[0] for each in answers] == [200] * 6
    assert "binary_tensor_data" in json.loads(answers[0][2])["extensions"]
    assert [json.loads(each[2]) for each in answers[1:3]] == [{"live": True}, {"ready": True}]
    assert answers[4][2] == b"\n"


def test_nothing_is_ready_while_nothing_is_released() -> None:
    async def turn():
        source = MemorySource(numbers, {})
        async with App(source, MemorySink(), key=KEY, say=lambda line: None) as app:
            paths = [("GET", "/v2/health/live"), ("GET", "/v2/health/ready"), ("GET", "/ping")]
            asked = [await ask(app, *each) for each in paths]
            return [*asked, await ask(app, "POST", "/invocations", {"instances": [[1]]})]

    assert [each[0] for each in asyncio.run(turn())] == [200, 503, 404, 503]


def test_a_released_model_that_is_being_loaded_is_asked_for_again_later() -> None:
    may_load = threading.Event()

    def slow(model: str, number: int) -> LoadedVersion:
        assert may_load.wait(10)
        return numbers(model, number)

    async def turn():
        source = MemorySource(slow, {"numbers": one()})
        app = App(source, MemorySink(), key=KEY, poll=0.01, say=lambda line: None)
        answers = [await ask(app, "POST", "/v2/models/numbers/infer", {})]  # before it looked
        app.open()
        while not source.loaded:
            await asyncio.sleep(0.001)
        for path in ("/v2/models/numbers/infer", "/models/numbers/invocations", "/invocations"):
            answers.append(await ask(app, "POST", path, {"inputs": [[1, 2, 3, 4]]}))
        answers.append(await ask(app, "GET", "/v2/models/numbers/ready"))
        unknown = await ask(app, "POST", "/v2/models/other/infer", {})
        may_load.set()
        while not app.serving.models:
            await asyncio.sleep(0.001)
        answers.append(await ask(app, "POST", "/invocations", {"inputs": [[1, 2, 3, 4]]}))
        await app.close()
        return answers, unknown

    answers, unknown = asyncio.run(turn())
    assert [(status, headers.get("retry-after")) for status, headers, _ in answers] == [(503, "1")] * 5 + [
        (200, None)
    ]
    assert unknown[0] == 404


def test_metrics_count_requests_and_what_is_logged() -> None:
    matrix = {"name": "m", "shape": [1, 4], "datatype": "FP64", "data": [0, 0, 0, 0]}

    async def turn():
        async with serving(flush=0.01) as app:
            for _ in range(3):
                await ask(app, "POST", "/v2/models/numbers/infer", {"inputs": [matrix]})
            await asyncio.sleep(0.1)
            return (await ask(app, "GET", "/metrics"))[2].decode()

    text = asyncio.run(turn())
    assert 'comporta_requests_total{route="infer",status="200"} 3' in text
    of = '{model="numbers",version="1"}'
    assert f"comporta_observations_written_total{of} 3" in text
    assert f"comporta_observations_lost_total{of} 0" in text


def test_in_durable_mode_an_answer_is_already_in_the_log() -> None:
    sink = MemorySink()
    matrix = {"name": "m", "shape": [1, 4], "datatype": "FP64", "data": [0, 0, 0, 0]}

    async def turn():
        async with serving(sink=sink, durable=True, flush=30) as app:
            good = await ask(app, "POST", "/v2/models/numbers/infer", {"inputs": [matrix]})
            kept = [each.id for each in sink.observations]
            sink.fault = OSError("gone")
            bad = await ask(app, "POST", "/v2/models/numbers/infer", {"inputs": [matrix]})
            sink.fault = None
            return good, kept, bad

    good, kept, bad = asyncio.run(turn())
    assert kept == output(json.loads(good[2]), "prediction_id")["data"]
    assert bad[0] == 503
    assert bad[1]["retry-after"] == "1"


V2, MLFLOW = "/v2/models/asking/infer", "/models/asking/invocations"
MATRIX = {"name": "m", "shape": [2, 4], "datatype": "FP64", "data": [0.5] * 8}
WHOSE = {"name": "__subject", "shape": [2], "datatype": "BYTES", "data": ["ana", "bo"]}
HALF = {**WHOSE, "data": ["ana", None]}
UNIT = {"unit": "u1"}
BYTES = {"name": "m", "shape": [1, 4], "datatype": "FP64", "parameters": {"binary_data_size": 32}}
LINES = b"x0,x1,x2,x3,__subject,__unit\n1,2,3,4,ana,u1\n1,2,3,4,%b,u2\n"


def binary(**parameters: str) -> dict:
    """A request whose numbers follow as bytes."""
    head = json.dumps({"inputs": [BYTES], "parameters": parameters}).encode()
    size = ("inference-header-content-length", str(len(head)))
    return {"body": head + np.ones(4).tobytes(), "headers": [size], "kind": "application/octet-stream"}


@pytest.mark.parametrize(
    ("path", "sent", "missing"),
    [
        (V2, {"body": {"inputs": [MATRIX]}}, "subject"),
        (V2, {"body": {"inputs": [MATRIX], "parameters": UNIT}}, "subject"),
        (V2, {"body": {"inputs": [MATRIX], "parameters": {"subject": "ana"}}}, "unit"),
        (V2, {"body": {"inputs": [MATRIX], "parameters": {"subject": "", **UNIT}}}, "subject"),
        (V2, {"body": {"inputs": [MATRIX, HALF], "parameters": UNIT}}, "subject"),
        (V2, {"body": {"inputs": [MATRIX, WHOSE], "parameters": UNIT}}, None),
        (V2, binary(**UNIT), "subject"),
        (V2, binary(subject="ana", **UNIT), None),
        (MLFLOW, {"body": {"instances": [[1, 2, 3, 4]]}}, "subject"),
        (MLFLOW, {"body": {"instances": [[1, 2, 3, 4]], "params": {"subject": "ana", **UNIT}}}, None),
        (MLFLOW, {"body": LINES % b"", "kind": "text/csv"}, "subject"),
        (MLFLOW, {"body": LINES % b"bo", "kind": "text/csv"}, None),
    ],
)
def test_what_a_model_requires_of_each_row_is_asked_for_and_kept(path, sent, missing) -> None:
    body = sent.pop("body") if "body" in sent else b""
    ((status, _, said),), sink = run([(("POST", path, body), sent)], "asking")
    if missing is not None:
        told = json.loads(said)
        message = told["error"] if path == V2 else told["message"]
        assert status == 400 and f"found no {missing!r}" in message and f"'__{missing}'" in message
        assert sink.observations == []
        return
    assert status == 200, said
    assert {each.subject for each in sink.observations} <= {"ana", "bo"}
    assert all(each.unit for each in sink.observations)


@pytest.mark.parametrize("name", ["x", "a b", "élan", 'say "it"', "back\\slash", "tab\t", "class", "_0", ""])
@pytest.mark.parametrize("row", [[1.5, 2], [None, 3]])
def test_every_row_is_kept_under_the_names_of_its_columns(name, row) -> None:
    fields = (Field(name=name, type="Float64"), Field(name="whole", type="Int64"))
    signature = Signature(raw=fields, features=fields, output="label", task="regression", label="Float64")

    def made(model: str, number: int) -> LoadedVersion:
        def fast(rows) -> ModelScores:
            return ModelScores(np.nan_to_num(rows).sum(axis=1), None)

        return LoadedVersion(
            model=model,
            number=number,
            signature=signature,
            fast=fast,
            predict=lambda frame: fast(frame.cast(pl.Float64).to_numpy()),
        )

    sink = MemorySink()

    async def turn() -> list[int]:
        source = MemorySource(made, {"m": one()})
        async with App(source, sink, key=KEY, flush=0.01, say=lambda line: None) as app:
            matrix = {"name": "matrix", "shape": [1, 2], "datatype": "FP64", "data": row}
            columns = {name: [row[0]], "whole": [row[1]]}
            return [
                (await ask(app, "POST", "/v2/models/m/infer", {"inputs": [matrix]}))[0],
                (await ask(app, "POST", "/invocations", {"inputs": columns}))[0],
            ]

    assert asyncio.run(turn()) == [200, 200]
    assert [each.inputs for each in sink.observations] == [{name: row[0], "whole": row[1]}] * 2
    assert all(type(each.inputs["whole"]) is int for each in sink.observations)


@pytest.mark.parametrize("target", ["Int64", "UInt8", "Boolean", "Decimal(10, 2)", "Float32"])
def test_a_regression_answers_numbers_with_their_fraction_whatever_type_its_target_had(target) -> None:
    signature = Signature(raw=NUMBERS, features=NUMBERS, output="label", task="regression", label=target)

    def made(model: str, number: int) -> LoadedVersion:
        return LoadedVersion(
            model=model, number=number, signature=signature,
            predict=lambda frame: ModelScores(frame.to_numpy()[:, 0] + 0.29, None),
        )  # fmt: skip

    async def turn() -> list[tuple[int, dict[str, str], bytes]]:
        source = MemorySource(made, {"m": one()})
        async with App(source, MemorySink(), key=KEY, flush=0.01, say=lambda line: None) as app:
            body = {"inputs": [{"name": "m", "shape": [2, 4], "datatype": "FP64", "data": [5, 0, 0, 0] * 2}]}
            binary = body | {"parameters": {"binary_data_output": True}}
            path = "/v2/models/m/infer"
            return [
                await ask(app, "POST", path, body),
                await ask(app, "POST", path, binary),
                await ask(app, "GET", "/v2/models/m"),
            ]

    plain, binary, told = asyncio.run(turn())
    output = json.loads(plain[2])["outputs"][0]
    assert (output["name"], output["datatype"], output["data"]) == ("prediction", "FP64", [5.29, 5.29])
    size = int(binary[1]["inference-header-content-length"])
    assert json.loads(binary[2][:size])["outputs"][0]["datatype"] == "FP64"
    assert np.frombuffer(binary[2][size : size + 16], "<f8").tolist() == [5.29, 5.29]
    assert json.loads(told[2])["outputs"][0]["datatype"] == "FP64"


def test_the_metadata_tells_what_a_model_requires() -> None:
    answers, _ = run([(("GET", "/v2/models/asking"), {}), (("GET", "/v2/models/numbers"), {})])
    assert json.loads(answers[0][2])["parameters"] == {"requires": ["subject", "unit"]}
    assert "parameters" not in json.loads(answers[1][2])


def test_binary_tensors_are_read_and_written() -> None:
    raw = np.array([[0.5, 0.5, 0.0, np.nan]], dtype="<f4").tobytes()
    tensor = {"name": "m", "shape": [1, 4], "datatype": "FP32", "parameters": {"binary_data_size": len(raw)}}
    head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    headers = [("Inference-Header-Content-Length", str(len(head)))]
    answers, sink = run(
        [(("POST", "/v2/models/numbers/infer", head + raw), {"kind": None, "headers": headers})]
    )
    status, headers, data = answers[0]
    assert status == 200, data
    size = int(headers["inference-header-content-length"])
    said, tail = json.loads(data[:size]), data[size:]
    sizes = [each["parameters"]["binary_data_size"] for each in said["outputs"]]
    assert sum(sizes) == len(tail)
    assert tail[0] == 1
    assert np.frombuffer(tail[1:9], "<f8")[0] == pytest.approx(logistic(1))
    assert tail[13:].decode() == sink.observations[0].id
    assert sink.observations[0].inputs["x3"] is None
    assert JSON == b"application/json"
