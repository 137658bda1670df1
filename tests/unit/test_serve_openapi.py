"""What each model takes and gives, told to programs and people; and KServe's first protocol, which has it."""

import csv
import io
import json
import re
from datetime import date, datetime

import polars as pl
import pytest
from tests.unit.test_serve_requests import MAKERS, run, words

from comporta.serve.paths import PATHS

MODELS = ("words", "numbers", "three")
WORDS_ROW = {
    "minutes": 10, "carrier": "AA", "night": True, "at": "2026-01-31T12:00:00Z", "day": "2026-01-31",
}  # fmt: skip
NUMBERS_ROW = {"x0": 1.0, "x1": None, "x2": -1.0, "x3": 0.5}
TYPES = {
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "null": lambda value: value is None,
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
}
FORMATS = {"date": date.fromisoformat, "date-time": datetime.fromisoformat}


def fits(value, schema: dict, schemas: dict) -> bool:
    """Whether a value is as JSON Schema 2020-12 says it, of the words that the description uses."""
    if "$ref" in schema:
        return fits(value, schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "anyOf" in schema:
        return any(fits(value, each, schemas) for each in schema["anyOf"])
    known = {
        "type", "properties", "required", "items", "minItems", "minimum", "maximum", "pattern", "format",
        "additionalProperties",
    }  # fmt: skip
    assert schema.keys() <= known, "every word of it is looked at"
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(TYPES[each](value) for each in types):
        return False
    if isinstance(value, dict):
        inner = schema["properties"]
        if schema.get("additionalProperties") is False and value.keys() - inner.keys():
            return False
        return set(schema["required"]) <= value.keys() and all(
            fits(value[name], inner[name], schemas) for name in value.keys() & inner.keys()
        )
    if isinstance(value, list):
        rest = all(fits(each, schema["items"], schemas) for each in value if "items" in schema)
        return rest and len(value) >= schema.get("minItems", 0)
    if isinstance(value, str):
        if "format" in schema:
            FORMATS[schema["format"]](value)
        return re.search(schema.get("pattern", ""), value) is not None
    return value is None or schema.get("minimum", value) <= value <= schema.get("maximum", value)


def described() -> dict:
    ((status, _, body),), _ = run([(("GET", "/openapi.json"), {})], *MODELS)
    assert status == 200
    return json.loads(body)


def asked(path: str, sent: object) -> tuple[int, dict]:
    request = (("POST", path, json.dumps(sent).encode()), {})
    ((status, _, body),), _ = run([request], *MODELS)
    return status, json.loads(body)


@pytest.mark.parametrize(
    ("model", "row"),
    [("words", WORDS_ROW), ("numbers", NUMBERS_ROW), ("three", {**NUMBERS_ROW, "x1": 2, "x2": 1})],
)
@pytest.mark.parametrize(
    ("path", "field"),
    [("/models/{}/invocations", "dataframe_records"), ("/v1/models/{}:predict", "instances")],
)
def test_what_is_told_of_a_request_and_its_answer_is_what_is_taken_and_given(model, row, path, field) -> None:
    found, path = described(), path.format(model)
    schemas, told = found["components"]["schemas"], found["paths"][path]["post"]
    taken = told["requestBody"]["content"]["application/json"]["schema"]
    given = told["responses"]["200"]["content"]["application/json"]["schema"]
    assert fits({field: [row, row]}, taken, schemas)
    status, answer = asked(path, {field: [row, row]})
    assert status == 200 and len(answer["predictions"]) == 2
    assert fits(answer, given, schemas)
    first = next(iter(row))
    for wrong in ({**row, first: "x"}, {name: row[name] for name in [*row][1:]}):
        assert not fits({field: [wrong]}, taken, schemas)
        assert asked(path, {field: [wrong]})[0] == 400


@pytest.mark.parametrize("model", MODELS)
def test_a_table_of_text_and_a_parquet_file_are_described_and_what_is_shown_is_taken(model: str) -> None:
    found, path = described(), f"/models/{model}/invocations"
    content = found["paths"][path]["post"]["requestBody"]["content"]
    assert [*content] == [
        "application/json", "text/csv", "application/x-parquet", "application/vnd.apache.parquet",
    ]  # fmt: skip
    assert [*found["paths"][f"/v1/models/{model}:predict"]["post"]["requestBody"]["content"]] == [
        "application/json"
    ], "KServe's protocol takes no other"
    shown = content["text/csv"]["example"]
    columns = [*found["components"]["schemas"][f"{model}Row"]["properties"]]
    assert next(csv.reader(io.StringIO(shown))) == columns
    for kind in ("application/x-parquet", "application/vnd.apache.parquet"):
        assert content[kind]["schema"]["format"] == "binary"
        assert all(name in content[kind]["schema"]["description"] for name in columns)
    file = io.BytesIO()
    pl.read_csv(shown.encode()).write_parquet(file)
    bodies = {"text/csv": shown.encode(), **dict.fromkeys([*content][2:], file.getvalue())}
    requests = [(("POST", path, body), {"kind": kind}) for kind, body in bodies.items()]
    answers, _ = run(requests, *MODELS)
    assert [status for status, _, _ in answers] == [200, 200, 200], answers


def test_every_path_is_described_and_each_that_is_described_is_there() -> None:
    paths = described()["paths"]
    for route in PATHS:
        form = route.path.replace("[/versions/{version}]", "/versions/1").replace("{model}", "words")
        # Which of several models it is for is not said; these join no history.
        if form != "/invocations" and not form.startswith("/features/"):
            assert route.method.lower() in paths[form]
    requests = [((method.upper(), path, b"{}"), {}) for path, of in paths.items() for method in of]
    answers, _ = run(requests, *MODELS)
    for ((method, path, _), _), (status, _, body) in zip(requests, answers, strict=True):
        assert status == (400 if method == "POST" and "index" not in path else 200), (method, path, body)


def test_kserves_first_protocol_takes_rows_as_lists_too_and_nothing_else() -> None:
    status, answer = asked("/v1/models/numbers:predict", {"instances": [[1.0, None, -1.0, 0.5]]})
    assert status == 200 and answer["model_versions"] == [1]
    for body in ({"inputs": [[1.0] * 4]}, {"instances": []}, {}, {"instances": [1]}, [1]):
        status, answer = asked("/v1/models/numbers:predict", body)
        assert status == 400 and isinstance(answer["error"], str)
    assert asked("/v1/models/none:predict", {"instances": [[1]]})[0] == 404


def test_its_models_are_listed_and_say_whether_they_answer() -> None:
    answers, _ = run([(("GET", "/v1/models"), {}), (("GET", "/v1/models/words"), {})], *MODELS)
    assert [json.loads(body) for _, _, body in answers] == [
        {"models": sorted(MODELS)},
        {"name": "words", "ready": True},
    ]


def test_people_read_what_answers_and_how_to_ask_it() -> None:
    ((status, headers, body),), _ = run([(("GET", "/"), {})], *MODELS)
    page = body.decode()
    assert status == 200 and headers["content-type"] == "text/html; charset=utf-8"
    assert "version 1 (champion, 100%)" in page
    told = re.search(r"/models/words/invocations -H [^\n]+\n  -d '(.*)'", page)
    assert told is not None
    body = told[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert asked("/models/words/invocations", json.loads(body))[0] == 200, "what is shown works as it stands"


def test_text_of_a_project_is_no_markup_on_the_page() -> None:

    name = "<img src=x>"
    MAKERS[name] = words
    try:
        ((_, _, body),), _ = run([(("GET", "/"), {})], name)
    finally:
        del MAKERS[name]
    assert b"<img" not in body and b"&lt;img src=x&gt;" in body
