"""What a candidate is judged by: its champion, its earlier versions, its evidence; and its verdicts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice

from msgspec.structs import replace

from comporta.acts.judge.checks import checks
from comporta.acts.judge.evidence import gather
from comporta.acts.judge.pool import need_key, reads_logged, score_key
from comporta.acts.judge.test_set import test_set
from comporta.acts.serve.sealed_logs import SealedLogs
from comporta.checks import asked_at, judge, level_of, needs
from comporta.checks.shared.judging.wording import NOT_ASKED
from comporta.engine import FAILURES
from comporta.opened.conceal import for_a_fact, words_of_both
from comporta.opened.project import OpenProject
from comporta.project import Model
from comporta.records import (
    Answers,
    Artifact,
    Check,
    Level,
    Need,
    Run,
    Verdict,
    Version,
    View,
    verdict_today,
)
from comporta.records.facts import TestSetEvaluated
from comporta.registry import VERSIONS, version_key
from comporta.release import ROUTES
from comporta.store import Keys, StepContext

EARLIER = 5


def champion(opened: OpenProject, model: str) -> Version | None:
    """The version that serves now, or None."""
    route = opened.ledger.get(ROUTES, model)
    return None if route is None else opened.ledger.get(VERSIONS, version_key(model, route.champion))


def newest_version(opened: OpenProject, model: str) -> Version | None:
    """The model's newest version, or None."""
    return next((each for _, each in opened.ledger.scan(VERSIONS, f"{model}/", newest=True, limit=1)), None)


def earlier(opened: OpenProject, model: str, before: int | None = None) -> tuple[Artifact, ...]:
    """The references of the newest versions that were let through, newest first. before: a number."""
    route = opened.ledger.get(ROUTES, model)
    history = () if route is None else route.history
    through = {share.version for release in history for share in release.shares}
    numbers = sorted((each for each in through if before is None or each < before), reverse=True)
    versions = (opened.ledger.get(VERSIONS, version_key(model, number)) for number in numbers)
    references = (each.parts["reference"] for each in versions if each and "reference" in each.parts)
    return tuple(islice(references, EARLIER))


def logs(opened: OpenProject, models: Sequence[Model], level: Level) -> SealedLogs | None:
    """The newest versions of the predictions and labels of production, sealed; None where no gate of this
    level reads them, or there are none yet."""
    asked = tuple(need for model in models for need in needs(asked_at(checks(model), level)))
    if not reads_logged(asked):
        return None
    from comporta.acts.serve.serving_log import newest_logs, seal_all

    seal_all(opened)
    return newest_logs(opened, [model.name for model in models])


def late(opened: OpenProject, run: Run) -> frozenset[str]:
    """The names of the run's nodes that had not begun when the level's time was spent."""
    failures = opened.ledger.scan(FAILURES, f"{run.id}/")
    return frozenset(fact.node for _, fact in failures if fact.why == "late")


def reference_of(answers: Answers, model: Model) -> dict[str, Artifact]:
    """`reference` → the artifact that is kept with the version for later ones to be compared with; empty
    where it was not made."""
    answer = answers.of(need_key(model, Need(what="reference")))
    asset = answer.step.outputs.get("reference") if answer is not None else None
    return {"reference": asset} if isinstance(asset, Artifact) else {}


def judged_now(
    context: StepContext, model: Model, level: Level, answers: Answers, unbegun: Collection[str] = ()
) -> tuple[Verdict, ...]:
    """What each check says of the evidence, of those that this level does not ask that there is none; as a
    fact may hold it. It reads and writes the store, so it is asked before a transaction begins. unbegun: see
    `late`."""
    evidence = gather(context, model, level, answers, unbegun)
    gates = checks(model)
    asked = iter(judge(asked_at(gates, level), evidence))
    return for_a_fact(
        context, [next(asked) if asked_at((each,), level) else judge((each,), {})[0] for each in gates]
    )


def verdicts_of(
    context: StepContext,
    model: Model,
    level: Level,
    found: Sequence[Verdict],
    version: Version,
    forms: Mapping[str, str],
) -> tuple[Verdict, ...]:
    """Today's verdicts; of a check that this level does not ask, what a deeper one said of the version, or
    that it was never asked, which closes the way where it is required. found: see `judged_now`. forms: what
    each check declares."""
    every = (
        said if asked_at((check,), level) else _deeper(context, check, said, version, forms)
        for check, said in zip(checks(model), found, strict=True)
    )
    return tuple(replace(each, form=forms.get(each.check, "")) for each in every)


def _deeper(
    context: StepContext, check: Check, unmade: Verdict, version: Version, forms: Mapping[str, str]
) -> Verdict:
    now = forms.get(unmade.check, "")
    alike = (each for each in version.verdicts if (now and each.form == now) or _of_old(each, unmade.check))
    said = next(map(verdict_today, alike), None)
    # That it was not run is said of this version anew: it may stand here of another one of the same model.
    if said is not None and said.not_run is None:
        # Whether it is required is of today's gates: what was reported then may close the way now.
        return replace(
            said,
            check=unmade.check,
            title=unmade.title,
            words=words_of_both(context, said, unmade),
            kind=unmade.kind,
            required=unmade.required,
            carried=False,
            changed=False,
        )
    level = level_of(check)
    reason = NOT_ASKED(version=version.id, level=level)
    return replace(unmade, outcome="inconclusive", reason=reason, not_run=level)


def _of_old(verdict: Verdict, check: str) -> bool:
    """Whether an older release, which kept no forms, told it of a check of this name."""
    return not verdict.form and verdict.check == check


def evaluations_of(
    view: View, keys: Keys, model: Model, answers: Answers, version: Version, run: Run
) -> Iterator[TestSetEvaluated]:
    """An evaluation on the sealed test set, where this run asked anything of it anew."""
    answer = answers.of(score_key(model))
    if answer is not None and not answer.reused:
        where = test_set(view, keys, version)
        yield TestSetEvaluated(
            model=model.name,
            part=version.parts["test"].digest,
            run=run.id,
            recipe=answer.recipe,
            split=where.split,
            window=where.window,
        )
