"""Which version a commit led to, and which versions a run."""

from __future__ import annotations

from collections.abc import Iterator

from comporta.engine import RUNS
from comporta.errors import NotFound
from comporta.opened.built import built_keys
from comporta.opened.lineage import versions_made_by
from comporta.opened.project import OpenProject
from comporta.records import Run, Version
from comporta.registry import MODELS, VERSIONS

FEWEST_DIGITS = 7


def version_at(opened: OpenProject, model: str, commit: str) -> Version:
    """The version that the newest run at this commit led to, built by it or found built already. commit: at
    least 7 digits of the commit; model: one that has versions.

    A run with files other than the commit's does not count, nor does one that did not end well. Raises
    NotFound, telling of what was passed over.
    """
    if len(commit) < FEWEST_DIGITS:
        raise NotFound(
            f"found no version '{model}@{commit}', expected @champion, or @ and at least {FEWEST_DIGITS} "
            "digits of the commit that it was built from."
        )
    passed_over = None
    for run, version in _versions_of_runs(opened, model, commit):
        if not run.dirty:
            return version
        passed_over = passed_over or version
    found = (
        f"passed over {passed_over.id}, which came of that commit with changes that are not in it"
        if passed_over
        else f"no run at that commit made a version of {model!r}"
    )
    raise NotFound(
        f"found no version '{model}@{commit}': {found}. Check the commit out, with nothing changed, and make "
        "one: comporta run"
    )


def _versions_of_runs(opened: OpenProject, model: str, commit: str) -> Iterator[tuple[Run, Version]]:
    """Each run at the commit with the version that it led to, newest first."""
    for run in _newest_runs(opened):
        # Only a build enters versions: what reproduces or judges one asks its questions at any later commit.
        built = run.outcome == "done" and run.purpose == "build"
        if built and run.commit.startswith(commit) and (version := version_of_run(opened, run, model)):
            yield run, version


def _newest_runs(opened: OpenProject) -> Iterator[Run]:
    """Every run, newest first; most are not read, for the one that is looked for is mostly a late one."""
    seen = 0
    for limit in (100, 2_000, None):
        found = opened.ledger.scan(RUNS, newest=True, limit=limit)
        yield from (run for _, run in found[seen:])
        seen = len(found)
        if limit is None or seen < limit:
            return


def version_of_run(opened: OpenProject, run: Run, model: str) -> Version | None:
    """The version of the model that is made of what the run asked: its own, else the newest there was when it
    ended. None where it asked for none."""
    nodes = {kind: key.name for kind, key in built_keys(model).items()}
    last = nodes["predict"]
    if last not in run.nodes:
        return None
    keys = sorted(versions_made_by(opened.ledger, run.nodes[last], last))
    known = (opened.ledger.get(VERSIONS, key) for key in keys if key.startswith(f"{model}/"))
    same = [
        each
        for each in known
        if each and all(each.steps.get(node) == run.nodes.get(node, "") for node in nodes.values())
    ]
    own = [each for each in same if each.run == run.id]
    there = [each for each in same if run.ended is not None and each.at <= run.ended]
    # Of two runs side by side one enters the version, and the other ends before it does.
    found = own or there or same[:1]
    return found[-1] if found else None


def versions_of_run(opened: OpenProject, run: Run) -> tuple[Version, ...]:
    """The version of each model that the run led to, in order of the model; none of a run that built none."""
    if run.outcome != "done" or run.purpose != "build":
        return ()
    found = (version_of_run(opened, run, model) for model, _ in opened.ledger.scan(MODELS))
    return tuple(version for version in found if version is not None)
