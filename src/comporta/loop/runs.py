"""The runs there were, and what each did."""

from __future__ import annotations

from comporta.engine import FAILURES, RUNS, STEPS
from comporta.errors import NotFound
from comporta.loop.house import House
from comporta.records import Record, Run, Step


class RunView(Record, frozen=True, kw_only=True):
    """A run with its steps by node. logs: node → what it printed, where it printed anything.

    failed: node → `raised`, `died`, `time`, `memory` or `stopped`; its log ends with how.
    """

    run: Run
    steps: dict[str, Step]
    logs: dict[str, str]
    failed: dict[str, str] = {}


def runs(house: House, limit: int | None = 20) -> tuple[Run, ...]:
    """The newest runs first."""
    return tuple(run for _, run in house.ledger.scan(RUNS, newest=True, limit=limit))


def run_of(house: House, name: str) -> RunView:
    """The run of this id, or of its beginning. Raises NotFound."""
    found = house.ledger.scan(RUNS, name)
    if len(found) != 1:
        many = "several" if found else "no"
        raise NotFound(f"found {many} runs of id {name!r}, expected one. List them: comporta runs")
    run = found[0][1]
    steps = {node: step for node, recipe in run.nodes.items() if (step := house.ledger.get(STEPS, recipe))}
    failures = {fact.node: fact for _, fact in house.ledger.scan(FAILURES, f"{run.id}/")}
    kept = {node: step.log for node, step in steps.items()} | {
        node: fact.log for node, fact in failures.items()
    }
    logs = {
        node: house.desk.get(log).decode(errors="replace") for node, log in kept.items() if log is not None
    }
    return RunView(
        run=run, steps=steps, logs=logs, failed={node: fact.why for node, fact in failures.items()}
    )
