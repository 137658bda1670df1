"""The runs there were, and what each did."""

from __future__ import annotations

from comporta.engine import RUNS, STEPS
from comporta.errors import NotFound
from comporta.loop.house import House
from comporta.records import Record, Run, Step


class RunView(Record, frozen=True, kw_only=True):
    """A run with its steps by node. logs: node → what it printed, where it printed anything."""

    run: Run
    steps: dict[str, Step]
    logs: dict[str, str]


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
    logs = {
        node: house.desk.get(step.log).decode(errors="replace")
        for node, step in steps.items()
        if step.log is not None
    }
    return RunView(run=run, steps=steps, logs=logs)
