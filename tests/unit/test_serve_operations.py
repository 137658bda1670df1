"""What whoever runs a server sees of it: what the log leaves out, traces, the access log, times."""

import asyncio
import json
import re
from collections import Counter

import msgspec
import pytest
from tests.unit.test_serve_requests import ROW, numbers, one, words

from comporta.errors import BadProject
from comporta.records import Share
from comporta.records.traceparent import read_traceparent
from comporta.serve import App
from comporta.serve.access_log import AccessLine, AccessLog
from comporta.serve.log_sample import sample_place
from comporta.serve.recent_predictions import RecentPredictions
from comporta.serve.server_options import ServerTools
from comporta.testing.serving import MemorySink, MemorySource, ask

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
INVOKE = "/models/{}/invocations"


def loads(**fields):
    """Versions of words and numbers, with these fields of theirs changed."""

    def load(model, number):
        made = words(model, number) if model == "words" else numbers(model, number)
        return msgspec.structs.replace(made, **fields)

    return load


def turn(act, *models, load=None, shares=None, **settings):
    """What `act` of the application gives, and its sink once the log is written."""
    sink = MemorySink()

    async def run():
        source = MemorySource(load or loads(), {model: shares or one() for model in models or ("words",)})
        given = {"flush": 0.01, "say": lambda line: None, **settings}
        async with App(source, sink, key=b"r" * 32, **given) as app:
            found = await act(app)
            await asyncio.sleep(0.05)
            return found

    return asyncio.run(run()), sink


async def predict(app, n=1, model="words", **named):
    status, headers, body = await ask(
        app, "POST", INVOKE.format(model), {"dataframe_records": [ROW] * n}, **named
    )
    assert status == 200, body
    return json.loads(body), headers


async def metrics(app):
    text = (await ask(app, "GET", "/metrics"))[2].decode()
    return {name: float(value) for name, value in re.findall(r"^comporta_(\S+) (\S+)$", text, re.MULTILINE)}


@pytest.mark.parametrize("durable", [False, True])
def test_a_share_of_the_answers_is_kept_as_their_ids_have_it_and_the_rest_is_counted(durable) -> None:
    async def act(app):
        ids = []
        for n in (1, 1, 1, 1, 40, 100):
            ids += (await predict(app, n))[0]["prediction_ids"]
        await asyncio.sleep(0.05)
        return ids, await metrics(app)

    (ids, numbers), sink = turn(act, load=loads(log_sample=0.3), durable=durable)
    expected = [id for id in ids if sample_place(id) < 0.3]
    assert sorted(each.id for each in sink.observations) == sorted(expected)
    assert 10 < len(expected) < 80
    of = '{model="words",version="1"}'
    assert numbers[f"observations_unsampled_total{of}"] == len(ids) - len(expected)
    assert numbers[f"observations_written_total{of}"] == len(expected)
    assert numbers[f"observations_lost_total{of}"] == 0
    first = {each.id: each for each in sink.observations}[expected[-1]]
    assert first.inputs["minutes"] == ROW["minutes"] and first.output["prediction"] > 0


def test_rows_of_several_versions_are_each_kept_by_the_share_of_their_own() -> None:
    def load(model, number):
        return msgspec.structs.replace(words(model, number), log_sample=0.0 if number == 2 else 1.0)

    rows = [{**ROW, "__unit": f"u{n}", "minutes": n} for n in range(60)]

    async def act(app):
        _, _, body = await ask(app, "POST", INVOKE.format("words"), {"dataframe_records": rows})
        return json.loads(body)

    shares = (Share(version=1, weight=0.5), Share(version=2, weight=0.5))
    answer, sink = turn(act, load=load, shares=shares)
    versions = dict(zip(answer["prediction_ids"], answer["model_versions"], strict=True))
    assert {each.id for each in sink.observations} == {id for id, number in versions.items() if number == 1}
    minutes = dict(zip(answer["prediction_ids"], range(60), strict=True))
    assert all(each.inputs["minutes"] == minutes[each.id] for each in sink.observations)
    assert Counter(versions.values()).keys() == {1, 2}


def test_a_label_of_an_answer_that_is_not_kept_is_told_as_such() -> None:
    async def act(app):
        ids = (await predict(app, 40))[0]["prediction_ids"]
        await asyncio.sleep(0.05)
        sent = [{"id": id, "label": 1.5} for id in ids]
        known = json.loads((await ask(app, "POST", "/feedback", sent))[2])
        app._feedback._recent = RecentPredictions()  # another process answered them
        looked = json.loads((await ask(app, "POST", "/feedback", sent))[2])
        return ids, known, looked

    sink_versions = {("words", 1): words("words", 1).signature}
    sink = MemorySink(sink_versions)

    async def run():
        source = MemorySource(loads(log_sample=0.5), {"words": one()})
        async with App(source, sink, key=b"r" * 32, flush=0.01, say=lambda line: None) as app:
            return await act(app)

    ids, known, looked = asyncio.run(run())
    lost = sum(sample_place(id) >= 0.5 for id in ids)
    assert 0 < lost < 40
    assert known == looked == {"accepted": 40, "unsampled": lost}
    assert len(sink.told) == 80, "no label is lost: it may be of an answer that another server kept"


@pytest.mark.parametrize("model", ["words", "numbers"])
def test_columns_that_are_not_to_be_logged_are_in_no_observation(model) -> None:
    left = ("minutes", "day") if model == "words" else ("x1",)
    row = ROW if model == "words" else {"x0": 1, "x1": 7, "x2": None, "x3": 2}

    async def act(app):
        for rows in ([row], [row, row]):
            await ask(app, "POST", INVOKE.format(model), {"dataframe_records": rows})
        data = [[1.0, 7.0, None, 2.0]]
        if model == "numbers":
            await ask(app, "POST", INVOKE.format(model), {"inputs": data})

    _, sink = turn(act, model, load=loads(log_without=left))
    assert len(sink.observations) == (3 if model == "words" else 4)
    for each in sink.observations:
        assert each.inputs.keys() == row.keys() - set(left)
        assert all(each.inputs[name] == row[name] for name in each.inputs if name not in ("at", "day"))


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        (TRACE, TRACE),
        (TRACE.upper(), None),
        (f"{TRACE}-more", None),
        (f"01{TRACE[2:]}-more", f"01{TRACE[2:]}"),
        (f"ff{TRACE[2:]}", None),
        (TRACE.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32), None),
        (TRACE.replace("00f067aa0ba902b7", "0" * 16), None),
        ("", None),
        (None, None),
    ],
)
def test_a_trace_is_gone_on_with_where_its_header_is_of_its_form(header, kept) -> None:
    assert read_traceparent(None if header is None else header.encode()) == kept


def test_the_trace_of_a_request_is_kept_with_its_answers_and_echoed() -> None:
    async def act(app):
        _, headers = await predict(app, 2, headers=[("traceparent", TRACE)])
        assert headers["traceparent"] == TRACE
        _, headers, _ = await ask(app, "GET", "/nothing", headers=[("traceparent", TRACE)])
        assert headers["traceparent"] == TRACE
        _, headers = await predict(app, headers=[("traceparent", "rubbish")])
        assert "traceparent" not in headers

    _, sink = turn(act)
    assert [each.traceparent for each in sink.observations] == [TRACE, TRACE, None]


def test_each_request_is_a_line_of_the_access_log_without_what_a_stranger_says(tmp_path) -> None:
    file = tmp_path / "access.jsonl"

    async def act(app):
        (answer, _) = await predict(app, 3, headers=[("traceparent", TRACE)])
        await ask(app, "GET", "/v2/models/words/versions/1")
        for path in ("/secret-4711", "/v2/models/secret-4711", "/v2/models/words/versions/4711"):
            await ask(app, "GET", path)
        await ask(app, "POST", INVOKE.format("words"), {"secret-4711": 1})
        return answer["prediction_ids"][0]

    id, _ = turn(act, tools=ServerTools(access=AccessLog(str(file))))
    assert b"4711" not in file.read_bytes()
    lines = [json.loads(line) for line in file.read_bytes().splitlines()]
    first = lines[0]
    assert first.pop("milliseconds") > 0 and first.pop("bytes") > 0 and first.pop("time").endswith("Z")
    assert first == {
        "id": id, "method": "POST", "path": "/models/words/invocations", "status": 200, "model": "words",
        "versions": [1], "rows": 3, "token": None, "trace": TRACE[3:35],
    }  # fmt: skip
    assert [(each["path"], each["status"]) for each in lines[1:]] == [
        ("/v2/models/words/versions/1", 200),
        (None, 404),
        ("/v2/models/{model}", 404),
        ("/v2/models/words/versions/{version}", 404),
        ("/models/words/invocations", 400),
    ]


def test_an_access_log_that_is_moved_away_is_made_again(tmp_path) -> None:
    file = tmp_path / "access.jsonl"
    log = AccessLog(str(file))
    line = AccessLine(10**18, 10, None, "GET", "/v2", 200, 2, None, (), 0, None, None)
    log.put(line)
    log._write()
    file.rename(tmp_path / "access.1")
    log.put(line)
    log._write()
    log.close()
    assert [len(each.read_bytes().splitlines()) for each in (tmp_path / "access.1", file)] == [1, 1]


def test_an_access_log_that_cannot_be_written_is_one_clear_error(tmp_path) -> None:
    with pytest.raises(BadProject, match="cannot be written as an access log"):
        AccessLog(str(tmp_path / "none" / "access.jsonl"))


def test_times_are_counted_by_version_and_arm_and_told_as_triton_tells_them() -> None:
    async def act(app):
        for n in (1, 1, 5):
            await predict(app, n)
        tensors = [{"name": name, "shape": [1], "datatype": "BYTES", "data": [None]} for name in ROW]
        tensors[0] |= {"datatype": "INT64", "data": [1]}
        named = await ask(app, "POST", "/v2/models/words/versions/1/infer", {"inputs": tensors})
        assert named[0] == 200, named
        await ask(app, "POST", INVOKE.format("words"), {"dataframe_records": [{}]})
        found = await metrics(app)
        stats = json.loads((await ask(app, "GET", "/v2/models/words/stats"))[2])
        everyone = json.loads((await ask(app, "GET", "/v2/models/stats"))[2])
        return found, stats, everyone

    (found, stats, everyone), _ = turn(act, shares=(Share(version=1, weight=1.0, role="champion"),))
    assert 1.7e9 < found['last_answer_seconds{model="words",version="1"}'] < 4e9
    of = '{model="words",version="1",arm="champion"'
    assert found[f'request_seconds_bucket{of},le="+Inf"}}'] == found[f"request_seconds_count{of}}}"] == 3
    low, high = (found[f'request_seconds_bucket{of},le="{bound}"}}'] for bound in ("0.0005", "10.0"))
    assert low <= high == 3
    assert found['model_seconds_total{model="words",version="1"}'] > 0
    assert found['request_seconds_count{model="words",version="1",arm="none"}'] == 1
    (told,) = stats["model_stats"]
    assert stats == everyone
    assert (told["name"], told["version"]) == ("words", "1")
    assert (told["inference_count"], told["execution_count"]) == (8, 4)
    assert told["inference_stats"]["success"]["count"] == 4
    assert told["inference_stats"]["fail"]["count"] == 1
    assert told["inference_stats"]["compute_infer"]["ns"] <= told["inference_stats"]["success"]["ns"]
    assert told["last_inference"] > 1.7e12
