"""The runs there were, and what each did."""

from __future__ import annotations

import msgspec

from comporta.engine import ANSWERS, FAILURES, LEASES, RUNS, STEPS, answer_key
from comporta.engine.reasons import PROCESS_ENDED
from comporta.engine.run_folders import RunFolders
from comporta.errors import NotFound
from comporta.opened.codes import DETAILS_MISSING
from comporta.opened.permission import require_permission
from comporta.opened.project import OpenProject
from comporta.opened.removals import is_removed, text_of
from comporta.records import Record, Run, Step


class RunView(Record, frozen=True, kw_only=True):
    """A run with its steps by node. logs: node → what it printed, where it printed anything.

    failed: node → `raised`, `died`, `time`, `memory` or `stopped`; its log ends with how.
    """

    run: Run
    steps: dict[str, Step]
    logs: dict[str, str]
    failed: dict[str, str] = {}


def runs(opened: OpenProject, limit: int | None = 20) -> tuple[Run, ...]:
    """The newest runs first, their reasons as people read them."""
    require_permission(opened, "version.read")
    return _with_status(opened, [run for _, run in opened.ledger.scan(RUNS, newest=True, limit=limit)])


def run_of(opened: OpenProject, name: str) -> RunView:
    """The run of this id, or of its beginning, with what it was answered then. Raises NotFound."""
    require_permission(opened, "version.read")
    found = opened.ledger.scan(RUNS, name, limit=2)
    if len(found) != 1:
        many = "several" if found else "no"
        raise NotFound(f"found {many} runs of id {name!r}, expected one. List them: comporta runs")
    (run,) = _with_status(opened, [found[0][1]])
    steps = {node: step for node in run.nodes if (step := _answer(opened, run, node)) is not None}
    failures = {fact.node: fact for _, fact in opened.ledger.scan(FAILURES, f"{run.id}/")}
    log_of = {node: step.log for node, step in steps.items()} | {
        node: fact.log for node, fact in failures.items()
    }
    logs = {
        node: text_of(opened.context, opened.ledger, log) for node, log in log_of.items() if log is not None
    }
    return RunView(
        run=run, steps=steps, logs=logs, failed={node: fact.why for node, fact in failures.items()}
    )


def _answer(opened: OpenProject, run: Run, node: str) -> Step | None:
    """What the run had as the answer of this node: its own, else the newest that there was when it ended."""
    recipe = run.nodes[node]
    newest = opened.ledger.get(STEPS, recipe)
    if newest is None or newest.run == run.id:
        return newest
    own = None if node in run.reused else opened.ledger.get(ANSWERS, answer_key(recipe, run.id))
    if own is not None:
        return own
    if run.ended is None or newest.at is None or newest.at <= run.ended:
        return newest
    # It was answered again since: as where its bytes had been deleted.
    every = [step for _, step in opened.ledger.scan(ANSWERS, answer_key(recipe, ""))]
    before = [step for step in every if step.at is not None and step.at <= run.ended]
    return max(before, key=lambda step: step.at or run.started, default=newest)


def _with_status(opened: OpenProject, found: list[Run]) -> tuple[Run, ...]:
    """The runs, stopped where their process has ended without saying so; nothing is written.

    That is known of runs of this machine by a lock that ends with its process; of another's once the lease
    of what it was last asking has ended.
    """
    folders, now = RunFolders(opened.home), opened.clock()
    begun = {run.id for run in found if run.ended is None}
    gone = {run for run in begun if folders.has_ended(run)}
    if elsewhere := begun - gone:
        leases = (opened.ledger.get(LEASES, run) for run in elsewhere)
        gone |= {each.run for each in leases if each is not None and max(each.until.values()) <= now}
    return tuple(_with_details(opened, _as_stopped(opened, run) if run.id in gone else run) for run in found)


def _with_details(opened: OpenProject, run: Run) -> Run:
    """Its reason with its details, as long as they are kept, else by its code."""
    if run.details is None:
        return run
    try:
        return msgspec.structs.replace(run, reason=opened.context.get(run.details).decode(errors="replace"))
    except NotFound:
        if is_removed(opened.ledger, run.details.digest):
            return run
    return msgspec.structs.replace(run, reason=DETAILS_MISSING(reason=run.reason))


def _as_stopped(opened: OpenProject, run: Run) -> Run:
    # Looked at again: it may have ended in good order since it was found.
    newest = opened.ledger.get(RUNS, run.id) or run
    return (
        newest if newest.ended else msgspec.structs.replace(newest, outcome="stopped", reason=PROCESS_ENDED())
    )
