"""Which version a commit led to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from comporta.engine import RUNS
from comporta.errors import NotFound
from comporta.opened.built import built_keys
from comporta.opened.project import OpenProject
from comporta.records import Run, Version

FEWEST_DIGITS = 7


def version_at(opened: OpenProject, known: Sequence[Version], commit: str) -> Version:
    """The version that the newest run at this commit led to, built by it or found built already. commit: at
    least 7 digits of the commit; known: a model's versions, oldest first, at least one.

    A run with files other than the commit's does not count, nor does one that did not end well. Raises
    NotFound, telling of what was passed over.
    """
    model = known[0].model
    if len(commit) < FEWEST_DIGITS:
        raise NotFound(
            f"found no version '{model}@{commit}', expected @champion, or @ and at least {FEWEST_DIGITS} "
            "digits of the commit that it was built from."
        )
    passed_over = None
    for run, version in _versions_of_runs(opened, known, commit):
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


def _versions_of_runs(
    opened: OpenProject, known: Sequence[Version], commit: str
) -> Iterator[tuple[Run, Version]]:
    """Each run at the commit with the version that it led to, newest first."""
    for _, run in opened.ledger.scan(RUNS, newest=True):
        # Only a build enters versions: what reproduces or judges one asks its questions at any later commit.
        built = run.outcome == "done" and run.purpose == "build"
        if built and run.commit.startswith(commit) and (version := _version_of_run(run, known)):
            yield run, version


def _version_of_run(run: Run, known: Sequence[Version]) -> Version | None:
    """The version that is made of what the run asked: its own, else the newest there was when it ended."""
    nodes = [key.name for key in built_keys(known[0].model).values()]
    same = [each for each in known if all(each.steps.get(node) == run.nodes.get(node, "") for node in nodes)]
    own = [each for each in same if each.run == run.id]
    there = [each for each in same if run.ended is not None and each.at <= run.ended]
    # Of two runs side by side one enters the version, and the other ends before it does.
    found = own or there or same[:1]
    return found[-1] if found else None
