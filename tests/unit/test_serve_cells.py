"""A cell of CSV and a value of JSON say the same, and so do the frames that pandas writes by itself."""

import asyncio
import json
from typing import Any

import pandas
import pytest

from comporta.records import Field, Share, Signature
from comporta.serve import App, LoadedVersion, ModelScores
from comporta.serve.cells import parse_cells
from comporta.testing.serving import MemorySink, MemorySource, ask

FIELDS = (
    Field(name="whole", type="Int64"),
    Field(name="number", type="Float64"),
    Field(name="sure", type="Boolean"),
    Field(name="word", type="String"),
    Field(name="day", type="Date"),
    Field(name="at", type="Datetime(time_unit='us', time_zone='UTC')"),
    Field(name="local", type="Datetime(time_unit='us', time_zone=None)"),
)
GOOD: dict[str, Any] = {
    "whole": 1, "number": 1.5, "sure": True, "word": "a", "day": "2026-01-31", "at": "2026-01-31T12:00:00Z",
    "local": "2026-01-31T12:00:00",
}  # fmt: skip


def load(model: str, number: int) -> LoadedVersion:
    signature = Signature(raw=FIELDS, features=FIELDS, output="label", task="regression", label="Float64")
    return LoadedVersion(
        model=model,
        number=number,
        signature=signature,
        predict=lambda frame: ModelScores(frame["number"].fill_null(0.0).to_numpy(), None),
    )


class Asked:
    """An application, and what it keeps of each request."""

    def __init__(self) -> None:
        self.loop, self.sink = asyncio.new_event_loop(), MemorySink()
        source = MemorySource(load, {"m": (Share(version=1, weight=1.0),)})
        self.app = App(source, self.sink, key=b"r" * 32, durable=True, flush=0.01, say=lambda line: None)
        self.loop.run_until_complete(self.app.__aenter__())

    def inputs(self, body: Any, kind: str = "application/json") -> Any:
        """What was read of a request's rows, or its status and what it was told."""
        self.sink.observations.clear()
        body = body.encode() if isinstance(body, str) else body
        asking = ask(self.app, "POST", "/invocations", body, kind=kind)
        status, _, data = self.loop.run_until_complete(asking)
        if status != 200:
            return status, json.loads(data)["message"]
        return [each.inputs for each in self.sink.observations]

    def csv(self, text: str) -> Any:
        return self.inputs(text, "text/csv")


@pytest.fixture(scope="module")
def server():
    asked = Asked()
    yield asked
    asked.loop.run_until_complete(asked.app.close())
    asked.loop.close()


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("whole", "7", 7),
        ("whole", "2.0", 2),
        ("whole", "-0", 0),
        ("whole", "9007199254740993", 9007199254740993),
        ("whole", "1e3", 1000),
        ("whole", "", None),
        ("whole", "NaN", None),
        ("whole", "NA", None),
        ("number", "1", 1.0),
        ("number", "1e-05", 1e-05),
        ("number", "nan", None),
        ("number", "null", None),
        ("sure", "1", True),
        ("sure", "0", False),
        ("sure", "True", True),
        ("sure", "false", False),
        ("sure", "NA", None),
        ("word", "NA", "NA"),
        ("word", "", None),
        ("word", "1_0", "1_0"),
        ("day", "NaT", None),
        ("at", "", None),
    ],
)
def test_a_cell_of_csv_is_what_json_would_say(server, column, cell, value) -> None:
    said = server.inputs({"dataframe_records": [{**GOOD, column: value}]})
    assert said[0][column] == value
    cells = {**GOOD, column: cell}
    assert server.csv(",".join(cells) + "\n" + ",".join(str(each) for each in cells.values()) + "\n") == said


def test_one_cell_that_is_no_number_leaves_the_others_as_they_are() -> None:
    assert parse_cells("int", ["1", "1_0", "2.0", "", "1,2", "01", "+1", " 3"]) == [
        1, "1_0", 2.0, None, "1,2", "01", "+1", 3,
    ]  # fmt: skip


FRAME = pandas.DataFrame(
    {
        "whole": [1, 2],
        "number": [1.5, None],
        "sure": [True, False],
        "word": ["a", None],
        "day": pandas.to_datetime(["2026-01-31", "2026-02-01"]),
        "at": pandas.to_datetime(["2026-01-31 12:00", "2026-01-31 13:00"]).tz_localize("UTC"),
        "local": pandas.to_datetime(["2026-01-31 12:00", "2026-01-31 13:30"]),
    }
)


@pytest.mark.filterwarnings("ignore:.*date format:DeprecationWarning")
def test_what_pandas_writes_is_read_and_what_it_writes_by_default_is_told(server) -> None:
    expected = server.inputs(
        {"dataframe_split": json.loads(FRAME.to_json(orient="split", date_format="iso"))}
    )
    assert [row["whole"] for row in expected] == [1, 2]
    assert expected[1] == {
        "whole": 2, "number": None, "sure": False, "word": None, "day": "2026-02-01",
        "at": "2026-01-31T13:00:00+00:00", "local": "2026-01-31T13:30:00",
    }  # fmt: skip
    records = FRAME.to_json(orient="records", date_format="iso")
    assert server.inputs(f'{{"dataframe_records": {records}}}') == expected
    assert server.inputs(f'{{"inputs": {FRAME.to_json(date_format="iso")}}}') == expected
    assert server.csv(FRAME.to_csv()) == expected
    assert server.csv(FRAME.to_csv(index=False)) == expected
    status, message = server.inputs(
        f'{{"dataframe_split": {FRAME.to_json(orient="split", date_format="epoch")}}}'
    )
    assert (status, 'to_json(date_format="iso")' in message) == (400, True)
    for orient in ("columns", "records", "split", "index", "values", "table"):
        status, message = server.inputs(FRAME.to_json(orient=orient, date_format="iso"))
        assert (status, "dataframe_records" in message) == (400, True), orient
    naive = FRAME.assign(at=FRAME["local"])
    status, message = server.csv(naive.to_csv())
    assert (status, "tz_localize" in message) == (400, True)
