"""What is asked of a project's past takes no longer after ten thousand runs than after a hundred.

A small project is run once; the facts of that run are then appended again and again under other names, as a
run each night would append them, each with a version that is judged. Each command is a fresh process, the
quickest of several, at the one size and at the other.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from blake3 import blake3
from msgspec.structs import replace

from comporta.acts.build.run import run
from comporta.cli.init import make
from comporta.engine import RUNS
from comporta.opened.project import OpenProject, open_project
from comporta.records import Artifact, Asset, Fact, Verdict, Version, decode
from comporta.records.facts import (
    FACTS,
    RunEnded,
    RunStarted,
    StepAnswered,
    StepsReused,
    VersionJudged,
    VersionRegistered,
)

COMPORTA = str(Path(sys.executable).parent / "comporta")
FEW = 100
SECONDS, TIMES_AS_LONG = 1.0, 1.5
PROCESSES = 3
VERDICTS = 27
AT_ONCE = 50  # runs appended in one transaction
BUILT = ("features", "split", "fit", "export", "predict", "score")
"""Steps that each run answers anew; the others it finds answered."""
OWN = ("model", "onnx", "predictions")
"""Parts that are another version's own; what is measured is kept, so that it can be shown."""


def other(text: str, night: int) -> str:
    """A digest of its own for each night."""
    return blake3(f"{text} {night}".encode()).hexdigest()


class Nights:
    """Runs like the first one, each a day later, under names of their own."""

    def __init__(self, opened: OpenProject) -> None:
        self._opened = opened
        kinds = {kind.kind: kind for kind in FACTS}
        self._facts = [decode(event.body, kinds[event.kind]) for event in opened.ledger.events()]
        self._own = {
            asset.digest
            for fact in self._facts
            if isinstance(fact, StepAnswered)
            for name, asset in fact.outputs.items()
            if name in OWN
        }
        self._began = opened.clock()
        self.made = 0

    def grow(self, count: int) -> None:
        """So many runs in all, as far as there are fewer."""
        while self.made < count:
            some = range(self.made + 1, min(count, self.made + AT_ONCE) + 1)
            facts = [fact for night in some for fact in self._of(night)]
            self._opened.ledger.transact(lambda tx, facts=facts: [tx.append(each) for each in facts])
            self.made = some.stop - 1

    def _of(self, night: int) -> Iterator[Fact]:
        run = f"{self._began + timedelta(seconds=night):%Y%m%dT%H%M%S%f}-{night:06x}"
        known: dict[str, str] = {}
        for fact in self._facts:
            match fact:
                case RunStarted() | RunEnded():
                    if isinstance(fact, RunEnded):
                        yield StepsReused(run=run, nodes=known)
                    yield replace(fact, run=run)
                case StepAnswered() if fact.node.partition(" ")[0] in BUILT:
                    yield self._answer(fact, run, night)
                case StepAnswered():
                    known[fact.node] = fact.recipe
                case VersionRegistered():
                    yield VersionRegistered(version=self._version(fact.version, run, night))
                case VersionJudged():
                    yield replace(fact, number=night + 1, verdicts=_many(fact.verdicts))

    def _answer(self, first: StepAnswered, run: str, night: int) -> StepAnswered:
        def own(asset: Asset) -> Asset:
            mine = isinstance(asset, Artifact) and asset.digest in self._own
            return replace(asset, digest=other(asset.digest, night)) if mine else asset

        return replace(
            first,
            run=run,
            recipe=other(first.recipe, night),
            question=replace(
                first.question, inputs={role: own(each) for role, each in first.question.inputs.items()}
            ),
            outputs={name: own(each) for name, each in first.outputs.items()},
        )

    def _version(self, first: Version, run: str, night: int) -> Version:
        return replace(
            first,
            number=night + 1,
            run=run,
            steps={
                node: other(recipe, night) if node.partition(" ")[0] in BUILT else recipe
                for node, recipe in first.steps.items()
            },
            parts={
                name: replace(part, digest=other(part.digest, night)) if name in OWN else part
                for name, part in first.parts.items()
            },
        )


def _many(verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """As many verdicts as the standard checks give."""
    return tuple(
        replace(each, check=f"{each.check} {time}")
        for time in range(VERDICTS // len(verdicts))
        for each in verdicts
    )


def quickest(folder: Path, *words: str) -> float:
    """CPU seconds of the quickest of several fresh processes: what else the machine does is none of this."""
    took = []
    for _ in range(PROCESSES):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([COMPORTA, *words], cwd=folder, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(took)


def measure(folder: Path, nights: int) -> dict[str, float]:
    """CPU seconds of each command. The run that is shown is an old one."""
    with open_project(folder) as opened:
        old = opened.ledger.scan(RUNS, limit=2)[-1][0]
    commands = {
        "runs": ("runs",),
        "models": ("models",),
        "models NAME/N": ("models", f"leaving/{nights // 2}"),
        "show RUN": ("show", old),
        "run": ("run",),
    }
    return {name: quickest(folder, *words) for name, words in commands.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    asked = parser.parse_args()
    os.environ["COMPORTA_EXECUTOR"] = "inline://"  # how long a worker takes to start is none of this
    with tempfile.TemporaryDirectory() as inside:
        folder = Path(inside) / "churn"
        make(folder, "churn")
        with open_project(folder, works=True) as opened:
            run(opened)
            nights = Nights(opened)
            nights.grow(FEW)
            few = measure(folder, FEW)
            began = time.perf_counter()
            nights.grow(asked.runs)
            grown = time.perf_counter() - began
        many = measure(folder, asked.runs)
    for name, seconds in many.items():
        ratio = seconds / few[name]
        print(
            json.dumps(
                {
                    "promise": f"`comporta {name}` takes as long after {asked.runs:,} runs as after {FEW}",
                    "measured": round(ratio, 2),
                    "limit": TIMES_AS_LONG,
                    "unit": f"x after {FEW} runs",
                    "holds": ratio <= TIMES_AS_LONG,
                    "detail": {
                        "seconds": [round(few[name], 3), round(seconds, 3)],
                        "under_one_second": seconds < SECONDS,
                        "grown_in_s": round(grown),
                    },
                }
            )
        )


if __name__ == "__main__":
    main()
