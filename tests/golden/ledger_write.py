"""Adds to `ledger_events.jsonl` one event of each kind and version that it does not hold yet.

Run it after a fact was added or its schema raised: `python tests/golden/ledger_write.py`. Lines that are
there never change: they are what released versions have written.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from comporta.jobs.codes import DIED
from comporta.ledger.keyed import keyed_seal
from comporta.ledger.signing import public_key
from comporta.records import (
    Approval,
    Artifact,
    Cost,
    Fact,
    Figure,
    Head,
    Message,
    Recipe,
    Release,
    Share,
    Slice,
    Verdict,
    Version,
    Waiver,
    access_facts,
    encode,
    facts,
)
from comporta.records.access import ActProof, Scope
from comporta.records.freeze import Freeze
from comporta.records.job import JobLimits, JobRequest, Tick
from comporta.records.plan import FuseTerms, MetricTerms, PlanTerms
from comporta.records.plan_counts import ArmTally, ExposureBin, MetricCounts, UnitCounts
from comporta.records.token import Quota, Token
from comporta.release.codes import ROLLED_BACK_BY_HAND

FILE = Path(__file__).with_name("ledger_events.jsonl")
KEY = b"k" * 32
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)

model = Artifact(digest="a1" * 32, size=1024, kind="model")
log = Artifact(digest="b2" * 32, size=64, kind="text")
rows = Slice(
    dataset="flights",
    version="c3" * 32,
    number=2,
    digest="d4" * 32,
    rows=100,
    columns=("dep", "late"),
    since=AT - timedelta(days=30),
    until=AT,
)
figure = Figure(metric="roc_auc", value=0.75, low=0.7, high=0.8, rows=100, groups=30, slice="carrier=AA")
verdict = Verdict(
    check="roc_auc at least 0.7",
    outcome="pass",
    required=True,
    reason="0.75 is above 0.7.",
    figure=figure,
    limit=0.7,
    evidence=log,
)
WHO = "person-0123456789abcdef"
text = Artifact(digest="07" * 32, size=20, kind="text")
approval = Approval(by=WHO, role="validator", reason=text, at=AT)
version = Version(
    model="late",
    number=3,
    run="r1",
    at=AT,
    commit="0f" * 20,
    steps={"fit late": "e5" * 32},
    parts={"model": model},
    read=(rows,),
    policy="f6" * 32,
    verdicts=(verdict,),
    approvals=(approval,),
)
question = Recipe(
    run="comporta.train.steps:fit",
    uses={"fit": "project.py:fit", "compute": ("project.py:hour",)},
    code="a7" * 32,
    environment="b8" * 32,
    inputs={"train": model, "of": rows},
    params={"depth": 6, "rates": [0.1, None, True]},
    seed=7,
)
release = Release(
    model="late",
    number=1,
    kind="release",
    shares=(Share(version=3, weight=0.9), Share(version=4, weight=0.1, role="canary")),
    previous=2,
    retired=(2,),
    by=WHO,
    reason=text,
    at=AT,
)

proof = ActProof(kind="key", key="e5" * 32, nonce="0a" * 16, at=1_764_000_000_000_000, signature="f6" * 64)

SAMPLES: tuple[Fact, ...] = (
    facts.ProjectKeyed(project="flights", fingerprint="0123456789abcdef"),
    facts.RunStarted(
        run="r1",
        project="flights",
        command="run",
        purpose="build",
        commit="0f" * 20,
        dirty=True,
        total=4,
    ),
    facts.StepClaimed(
        run="r1", node="fit late", recipe="e5" * 32, holder="h1", token=1, until=AT + timedelta(minutes=5)
    ),
    facts.StepAnswered(
        run="r1",
        node="fit late",
        recipe="e5" * 32,
        question=question,
        outputs={"model": model, "of": rows},
        cost=Cost(wall_seconds=1.5, cpu_seconds=1.25, peak_memory=1 << 20),
        log=log,
        token=1,
    ),
    facts.StepsReused(run="r1", nodes={"snapshot flights": "c9" * 32}),
    facts.StepFailure(run="r1", node="score late", recipe="d0" * 32, why="memory", log=log, token=2),
    facts.RunEnded(
        run="r1",
        outcome="failed",
        reason=Message(
            "run.steps_failed",
            {"steps": (Message("run.step_limit", {"step": "score late", "limit": "memory"}),)},
        ),
        details=text,
    ),
    facts.DatasetVersioned(
        dataset="flights",
        version="c3" * 32,
        number=2,
        entry=3,
        change="append",
        rows=100,
        added=10,
        removed=0,
    ),
    facts.TestSetEvaluated(
        model="late", part="e1" * 32, run="r1", recipe="d0" * 32, split="0a" * 32, window=2
    ),
    facts.VersionRegistered(version=version),
    facts.VersionJudged(model="late", number=3, verdicts=(verdict,), policy="f6" * 32),
    facts.VersionWaived(
        model="late",
        number=3,
        waiver=Waiver(
            check="roc_auc at least 0.7",
            by=WHO,
            role="validator",
            reason=text,
            at=AT,
            until=AT + timedelta(days=30),
            outcome="inconclusive",
        ),
    ),
    facts.VersionApproved(model="late", number=3, approval=approval),
    facts.VersionReleased(release=release),
    facts.VersionReproduced(model="late", number=3, run="r2", equal=False, differs=("fit late",)),
    facts.VersionFetched(model="late", number=3, by=WHO, reason=text, releasable=False),
    facts.ChainContinued(keyed=Head(seq=15, hash="1a" * 32), public=public_key(KEY)),
    facts.EventRemoved(seq=17, reason="erasure", by="p-1"),
    facts.PersonForgotten(person=WHO),
    facts.ArtifactRemoved(digest="07" * 32, reason="erasure", by=WHO),
    access_facts.TokenMade(
        token=Token(
            id="0a" * 6,
            name="billing",
            digest="08" * 32,
            models=("late",),
            at=AT,
            ends=AT + timedelta(days=90),
            quota=Quota(requests_a_minute=600),
            decimals=2,
            by=WHO,
        )
    ),
    access_facts.TokenEnded(token="0a" * 6, ends=AT + timedelta(days=30), by=WHO),
    facts.ReleaseRequested(model="late", number=3, by=WHO, reason=text, proof=proof),
    access_facts.RoleRevoked(person=WHO, role="oncall", scope=Scope(model="late"), by=WHO),
    access_facts.RoleGranted(
        person=WHO,
        role="oncall",
        scope=Scope(model="late"),
        until=AT + timedelta(days=1),
        by=WHO,
        proof=proof,
    ),
    access_facts.ActionDenied(person=WHO, action="release.execute", scope=Scope(), lifted=False, by=WHO),
    access_facts.KeyAdded(person=WHO, key="e5" * 32, by=WHO),
    access_facts.KeyRevoked(person=WHO, key="e5" * 32, by=WHO),
    access_facts.IssuerTrusted(person="service-0123456789abcdef", rule=log, by=WHO),
    facts.DatasetExported(
        dataset="weather",
        version="0a" * 32,
        number=2,
        form="parquet",
        rows=12,
        columns=("airport", "wind"),
        masked=(),
        revealed=("airport",),
        by=WHO,
        reason=text,
    ),
    facts.DatasetMaintained(act="compact", dataset="weather", by=WHO),
    facts.StoreSwept(objects=3, size=4096, by=WHO),
    facts.BatchPredicted(
        model="late",
        number=1,
        dataset="weather",
        dataset_number=2,
        form="parquet",
        rows=12,
        columns=("airport",),
        revealed=(),
        by=WHO,
        reason=text,
        releasable=True,
        batch="01a22e44e19aa871",
        output="scores",
        output_number=1,
    ),
    facts.JobQueued(
        job="20261130T120000000000-0a1b2c",
        request=JobRequest(
            act="run",
            arguments={"models": ("late",), "level": "release"},
            priority="build",
            pool="gpu",
            limits=JobLimits(attempts=2, seconds=600.0, backoff=30.0),
            key="nightly/2026-11-30T12:00Z",
            not_before=AT,
            tick=Tick(schedule="nightly", at=AT),
        ),
        by=WHO,
    ),
    facts.JobCancelled(job="20261130T120000000000-0a1b2c", by=WHO),
    facts.JobRetried(job="20261130T120000000000-0a1b2c", present=("e5" * 32,), by=WHO),
    facts.JobRaised(job="20261130T120000000000-0a1b2c", priority="urgent", by=WHO),
    facts.RunCancelled(run="r1", by=WHO),
    facts.JobEnded(
        job="20261130T120000000000-0a1b2c",
        token=1,
        outcome="died",
        retry_at=AT + timedelta(seconds=30),
        seconds=12.5,
        run="r1",
        present=("e5" * 32,),
        reason=DIED(signal="SIGKILL"),
        evidence=log,
        result={"versions": ("late/1",)},
    ),
    facts.JobStarted(job="20261130T120000000000-0a1b2c", token=1, worker="worker-0a", hold=600.0, pool="gpu"),
    facts.PlanStarted(
        plan="late-20261201T120000000000-0a1b2c",
        model="late",
        version=1,
        control=2,
        terms=PlanTerms(
            kind="canary",
            steps=(0.05, 0.5),
            metrics=(
                MetricTerms(
                    outcome="error", of="error", better="lower", horizon=864_000.0, margin=0.1, harm=0.0
                ),
            ),
            dwell=3600.0,
            season=604_800.0,
            deadline=5_184_000.0,
            fuse=FuseTerms(failures=0.05, slow=0.5, latency=50.0, least=50),
            freeze=(Freeze("Fri 16:00", "Mon 08:00", zone="Europe/Lisbon"),),
        ),
        by=WHO,
        reason="",
    ),
    facts.PlanExposed(
        plan="late-20261201T120000000000-0a1b2c",
        bins=(ExposureBin(until=AT + timedelta(hours=1), canary=11, control=12),),
        tallies=(ArmTally(requests=30, failed=1), ArmTally(requests=31)),
    ),
    facts.PlanCounted(
        plan="late-20261201T120000000000-0a1b2c",
        outcome="error",
        bins=1,
        counts=MetricCounts(
            canary=UnitCounts(n=11, bad=2, unlabelled=1), control=UnitCounts(n=12, bad=1, unlabelled=0)
        ),
        season=1,
    ),
    facts.PlanCompared(
        plan="late-20261201T120000000000-0a1b2c",
        rows=1000,
        different=12,
        column="carrier",
        slice_rows=40,
        slice_different=3,
    ),
    facts.PlanStepped(plan="late-20261201T120000000000-0a1b2c", step=1),
    facts.PlanSteered(plan="late-20261201T120000000000-0a1b2c", act="pause", by=WHO),
    facts.PlanEnded(
        plan="late-20261201T120000000000-0a1b2c", end="rolled_back", why=ROLLED_BACK_BY_HAND(), by=WHO
    ),
)


def write() -> None:
    lines = FILE.read_text().splitlines() if FILE.exists() else []
    held = {(line["kind"], line["schema"]) for line in map(json.loads, lines)}
    prev = json.loads(lines[-1])["hash"] if lines else ""
    for fact in SAMPLES:
        if (fact.kind, fact.schema) in held:
            continue
        event = keyed_seal(
            KEY,
            prev=prev,
            seq=len(lines) + 1,
            at=AT + timedelta(seconds=len(lines)),
            kind=fact.kind,
            schema=fact.schema,
            body=encode(fact),
        )
        lines.append(
            json.dumps(
                {
                    "seq": event.seq,
                    "at": event.at.isoformat(),
                    "kind": event.kind,
                    "schema": event.schema,
                    "body": event.body.decode(),
                    "prev": event.prev,
                    "hash": event.hash,
                }
            )
        )
        prev = event.hash
    FILE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    write()
