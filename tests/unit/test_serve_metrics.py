"""`/metrics` is what Prometheus reads, each number with a sentence of what it says, here and in the docs."""

from __future__ import annotations

import ast
import asyncio
import os
import re
import shutil
import subprocess
from pathlib import Path

import comporta
from comporta.records import Field, Share, Signature
from comporta.serve import App, LoadedVersion, ModelScores
from comporta.serve.access_log import AccessLog
from comporta.serve.metric_sample import MetricSample
from comporta.serve.prometheus import HELP, HISTOGRAMS
from comporta.serve.server_options import ServerTools
from comporta.testing.serving import MemorySink, MemorySource, ask

ROOT = Path(comporta.__file__).parent
CHAPTER = (Path(__file__).parents[2] / "docs/reference/serve.md").read_text()
SAMPLE = re.compile(r'(comporta_[a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+\})? [0-9.e+-]+')
HOSTILE = 'a"b\\c\nd'


def text() -> str:
    """Of a server with traffic, and with samples of every kind that its log adds."""
    fields = (Field(name="x", type="Float64"),)
    signature = Signature(raw=fields, features=fields, output="label", task="regression", label="Float64")

    def double(model: str, number: int) -> LoadedVersion:
        def predict(frame):
            return ModelScores(2 * frame["x"].to_numpy(), None)

        return LoadedVersion(model=model, number=number, signature=signature, predict=predict, log_sample=0.5)

    names = ["seal_failures_total", "seal_rows_rejected_total", "seal_last_seconds"]
    names += [f"shadow_{what}_total" for what in ("rows", "failures", "rows_dropped")]
    more = [MetricSample(name, 1.5, (("log", log),)) for log in (HOSTILE, "b") for name in names]

    tools = ServerTools(access=AccessLog(os.devnull))

    async def turn() -> str:
        source = MemorySource(double, {"double": (Share(version=1, weight=1.0),)})
        async with App(
            source, MemorySink(), key=b"k" * 32, flush=0.01, samples=lambda: more, tools=tools
        ) as app:
            for body in ({"inputs": {"x": [1.5, 4] * 50}}, {"inputs": {"x": ["no"]}}):
                await ask(app, "POST", "/invocations", body)
            await ask(app, "GET", "/nothing")
            await asyncio.sleep(0.1)
            return (await ask(app, "GET", "/metrics"))[2].decode()

    return asyncio.run(turn())


def test_each_family_is_helped_typed_and_in_one_piece() -> None:
    told = text()
    assert told.endswith("\n") and "\n\n" not in told
    families: list[str] = []
    seen: set[str] = set()
    lines = told.splitlines()
    for at, line in enumerate(lines):
        if help := re.fullmatch(r"# HELP (\w+) (\S.*)", line):
            families.append(help[1])
            histogram = help[1].removeprefix("comporta_") in HISTOGRAMS
            kind = "histogram" if histogram else "counter" if help[1].endswith("_total") else "gauge"
            assert lines[at + 1] == f"# TYPE {help[1]} {kind}"
        elif not line.startswith("# TYPE"):
            found = SAMPLE.fullmatch(line)
            assert found is not None, line
            of = found[1].rpartition("_")[0] if histogram else found[1]
            assert of == families[-1], "a number outside of its family"
            assert line.rpartition(" ")[0] not in seen, "a number told twice"
            seen.add(line.rpartition(" ")[0])
    assert len(families) == len(set(families))
    assert {name.removeprefix("comporta_") for name in families} == HELP.keys()


def test_promtool_has_nothing_to_say() -> None:
    """Where it is there: the test above holds the same."""
    if (promtool := shutil.which("promtool")) is None:
        return
    done = subprocess.run([promtool, "check", "metrics"], input=text(), capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_every_number_that_is_counted_is_helped_and_documented() -> None:
    counted = {
        node.args[0].value
        for file in ROOT.rglob("*.py")
        if "MetricSample" in (source := file.read_text())
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "MetricSample"
        and isinstance(node.args[0], ast.Constant)
    }
    assert counted | set(HISTOGRAMS) == HELP.keys()
    table = CHAPTER.replace("…_lost_total", "`comporta_observations_lost_total")
    assert {name for name in HELP if f"`comporta_{name}" not in table} == set()
    assert all(each.endswith(".") and "\n" not in each and "\\" not in each for each in HELP.values())
