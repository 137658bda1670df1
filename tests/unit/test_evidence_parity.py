"""What counts as a difference between what is served and what research said, without a server."""

import json

import numpy as np
import polars as pl
import pytest

from comporta.checks import parity
from comporta.checks.parity.measure import _form_figures, findings
from comporta.checks.shared.measuring.server_answers import Gaps, explain_by_rounding, gaps, research_of
from comporta.checks.shared.measuring.v2_requests import as_bytes, as_json, read_response, rows_in_one
from comporta.opened.sentences import sentence
from comporta.records import Evidence, Field, ModelOutput, Signature
from comporta.records.export import Agreement

FIELDS = (Field(name="x", type="Float64"), Field(name="z", type="Float64"))
TAKES = Signature(raw=FIELDS, features=FIELDS, output="both", task="regression")
CUT = 0.1  # no 32-bit float: the nearest is 0.10000000149


class Step:
    """5 above the cut, else 0, and a little of z."""

    signature, estimator = TAKES, None

    def __call__(self, rows):
        said = 5.0 * (rows["x"].to_numpy() > CUT) + rows["z"].to_numpy()
        return ModelOutput(said[:, None], said)


def in_32_bits(rows):
    cut = np.float32(CUT)
    return 5.0 * (rows[:, 0].astype(np.float32) > cut) + rows[:, 1] + 3e-6


def door(answer):
    """The request path: a binary matrix in, numbers out."""

    def ask(body, head):
        shape = json.loads(body[:head])["inputs"][0]["shape"]
        said = answer(np.frombuffer(body[head:], "<f8").reshape(shape))
        outputs = [{"name": "prediction", "datatype": "FP64", "shape": [len(said)], "data": said.tolist()}]
        return 200, json.dumps({"outputs": outputs}).encode(), None

    return ask


def table(at):
    draw = np.random.default_rng(0)
    x = draw.normal(size=500)
    x[7] = at
    return pl.DataFrame({"x": x, "z": draw.normal(size=500)})


def compared(rows, answer, kept=None):
    said = Step()(rows).decisions if kept is None else kept
    research = research_of(rows.with_columns(__prediction=pl.Series(said)), TAKES)
    ask = door(answer)
    return explain_by_rounding(gaps(TAKES, research, rows, ask), TAKES, research, rows, ask, Step)


def test_a_row_between_a_threshold_and_its_32_bit_form_is_explained():
    found = compared(table(np.nextafter(CUT, 1)), in_32_bits)
    assert found.rounded == 1
    assert found.by.max() < 1e-5


def test_a_row_that_is_another_is_not_explained_by_its_own_model():
    rows = table(0.5)
    kept = Step()(rows).decisions.copy()
    kept[7] += 1
    found = compared(rows, in_32_bits, kept)
    assert found.rounded == 0
    assert found.by.argmax() == 7 and found.by[7] > 0.1


def test_an_answer_that_no_step_explains_stays_apart():
    def wrong(rows):
        return in_32_bits(rows) - 2.5 * (np.abs(rows[:, 0] - CUT) < 1e-9)

    found = compared(table(np.nextafter(CUT, 1)), wrong)
    assert found.rounded == 0
    assert found.by[7] > 0.5


def test_many_rows_apart_are_no_rounding():
    found = compared(table(0.5), lambda rows: in_32_bits(rows) + 1)
    assert (found.by > 0.1).all()


def test_outputs_that_are_not_there_are_a_difference_in_every_row():
    rows = table(0.5)
    research = research_of(rows.with_columns(__prediction=pl.lit(1.0)), TAKES)

    def nothing(body, head):
        return 200, b'{"outputs":[]}', None

    found = gaps(TAKES, research, rows, nothing)
    assert (found.by == 1).all()
    assert set(found.output) == {"prediction"}
    largest = findings(TAKES, research, {"native": found}, {}).figures[0]
    assert (largest.metric, largest.value) == ("largest_difference", 1)


def test_only_the_rows_to_blame_for_a_refusal_are_refused():
    rows = table(float("inf"))
    research = research_of(rows.with_columns(__prediction=pl.Series(Step()(rows).decisions)), TAKES)
    good = door(in_32_bits)

    def ask(body, head):
        shape = json.loads(body[:head])["inputs"][0]["shape"]
        sent = np.frombuffer(body[head:], "<f8").reshape(shape)
        return good(body, head) if np.isfinite(sent).all() else (400, b'{"error":"infinite"}', None)

    assert np.flatnonzero(gaps(TAKES, research, rows, ask).refused).tolist() == [7]


def test_rows_as_a_request_keep_what_they_are():
    fields = (
        Field(name="n", type="Int64"),
        Field(name="w", type="String", values=("a",)),
        Field(name="b", type="Boolean"),
        Field(name="x", type="Float64"),
    )
    rows = pl.DataFrame(
        {"n": [2**62 + 1, None], "w": ["a", None], "b": [True, None], "x": [0.5, float("nan")]}
    )
    plain = json.loads(as_json(rows, fields))["inputs"]
    assert [each["data"] for each in plain] == [[2**62 + 1, None], ["a", None], [True, None], [0.5, None]]
    body, head = as_bytes(rows, fields)
    inputs = json.loads(body[:head])["inputs"]
    assert [each.get("data") for each in inputs[:3]] == [[2**62 + 1, None], ["a", None], [True, None]]
    assert inputs[3]["parameters"] == {"binary_data_size": 16}
    big = pl.DataFrame({"n": [2**53 + 1]})
    body, head = as_bytes(big, fields[:1])
    assert json.loads(body[:head])["inputs"][0]["datatype"] == "INT64", "a double would lose its last digit"
    assert int.from_bytes(body[head:], "little") == 2**53 + 1


def test_a_request_holds_no_more_than_the_server_takes():
    wide = Signature(
        raw=(),
        features=tuple(Field(name=f"x{n}", type="Float64") for n in range(2_000)),
        output="both",
        task="binary",
    )
    assert rows_in_one(TAKES) == 10_000
    assert 1 <= rows_in_one(wide) * 2_000 * 8 <= 16 * 2**20


def test_binary_answers_are_read_by_their_types():
    head = json.dumps(
        {
            "outputs": [
                {"name": "label", "datatype": "BYTES", "shape": [2], "parameters": {"binary_data_size": 11}},
                {
                    "name": "probability",
                    "datatype": "FP64",
                    "shape": [2],
                    "parameters": {"binary_data_size": 16},
                },
            ]
        }
    ).encode()
    tail = b"\x01\x00\x00\x00a\x02\x00\x00\x00bc" + np.array([0.25, 0.5]).tobytes()
    said = read_response(head + tail, len(head)).outputs
    assert said["label"] == ["a", "bc"]
    assert said["probability"].tolist() == [0.25, 0.5]


@pytest.mark.parametrize("broken", [b"", b"[]", b"{}"])
def test_an_answer_that_is_none_is_an_error_and_not_an_agreement(broken):
    with pytest.raises((ValueError, KeyError, TypeError)):
        read_response(broken, None)


@pytest.mark.parametrize(
    ("thresholds", "said"),
    [
        (
            1_240,
            "The export asked onnx at 1,240 thresholds of its trees, at seen values and a step beside them: ",
        ),
        (0, "The export asked onnx at seen values and a step beside them: "),
    ],
)
def test_the_verdict_says_where_the_export_asked_each_form(thresholds, said):
    asked = {"onnx": Agreement(agrees=True, beside=7_440, thresholds=thresholds)}
    research = research_of(table(0.0).with_columns(__prediction=pl.lit(1.0)), TAKES)
    none = Gaps(by=np.zeros(500), output=np.full(500, ""), refused=np.zeros(500, bool))
    found = findings(TAKES, research, {"onnx": none}, {})
    check = parity()
    (need,) = check.needs()
    evidence = Evidence(need=need, figures=(*found.figures, *_form_figures(asked, {"onnx": none})))
    verdict = check.judge((evidence,))
    assert verdict.outcome == "pass"
    assert sentence(verdict.reason).endswith(f"{said}7,440 rows.")


def test_another_label_at_a_declared_threshold_is_as_far_as_the_probability_from_it():
    takes = Signature(
        raw=FIELDS,
        features=FIELDS,
        output="both",
        task="binary",
        classes=("no", "yes"),
        label="String",
        threshold=0.3,
    )
    chance = np.array([0.3 - 1e-9, 0.8])
    rows = pl.DataFrame({"__label": pl.Series(["no", "yes"], dtype=pl.Enum(["no", "yes"]))}).with_columns(
        __probability_0=1 - pl.Series(chance), __probability_1=pl.Series(chance)
    )
    assert np.allclose(research_of(rows, takes).margin, [1e-9, 0.5])
