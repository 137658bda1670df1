"""What both versions answer the same requests: one was heard, the other scored them in shadow."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from comporta.acts.rollout.first_answers import with_outcome
from comporta.acts.serve.serving_log import scan_all_predictions
from comporta.opened.project import OpenProject
from comporta.records import Route
from comporta.records.plan import MetricTerms, ReleasePlan
from comporta.records.plan_counts import PairedCounts
from comporta.release import PLANS

SHADOW = "shadow "
"""Before the name of a column: of what the shadow answered."""


def paired_answers(
    opened: OpenProject, plan: ReleasePlan, route: Route, earlier: Collection[str] = ()
) -> pl.DataFrame:
    """A row for each request of this plan that both versions scored, oldest first: what the log has of the
    one that was heard, and of the other `shadow version`, `shadow latency_us`, `shadow out.…`. What the
    shadow had no time for is not among them. earlier: plans of before whose requests are."""
    releases = [each.number for each in route.history if each.plan in (plan.id, *earlier)]
    log = scan_all_predictions(opened, plan.model).filter(pl.col("release").is_in(releases))
    named = [name for name in log.collect_schema().names() if name.startswith("out.")]
    kept = ["version", "latency_us", *named]
    shadow = log.filter(pl.col("arm") == "shadow").select("shadow_of", pl.col(kept).name.prefix(SHADOW))
    heard = log.filter(pl.col("arm") != "shadow")
    return (
        heard.join(shadow, left_on="id", right_on="shadow_of", how="inner")
        .unique("id", keep="first", maintain_order=True)
        .sort("at", "id")
        .collect()
    )


def first_pairs(opened: OpenProject, plan: ReleasePlan, route: Route) -> pl.DataFrame:
    """Of these the first of each unit, but for units that a plan counted whose counts this one goes on with:
    they are paired once."""
    earlier: list[str] = []
    each: ReleasePlan | None = plan
    while each is not None and each.carried:
        earlier.append(each.carried)
        each = opened.ledger.get(PLANS, each.carried)
    pairs = paired_answers(opened, plan, route, earlier).filter(pl.col("unit").is_not_null())
    first = pairs.unique("unit", keep="first", maintain_order=True)
    return first.filter(pl.col("at") > plan.started)


def with_pair_outcomes(
    opened: OpenProject, model: str, metric: MetricTerms, pairs: pl.DataFrame
) -> pl.DataFrame:
    """`at`, `canary`, `control`: what came of each pair by what either version answered, null without a label
    in time; `alike`: whether it is the same whatever the label."""
    heard = pairs.select("id", "version", "at", "latency_us", pl.selectors.starts_with("out."))
    shadow = pairs.select(
        "id", "at", pl.selectors.starts_with(SHADOW).name.map(lambda name: name.removeprefix(SHADOW))
    )
    control = with_outcome(opened, model, metric, heard).select("id", "at", control="value")
    canary = with_outcome(opened, model, metric, shadow).select("id", canary="value")
    alike = pairs.select("id", alike=pl.lit(True) if metric.of == "label" else _same_answer(pairs))
    return control.join(canary, on="id", how="left").join(alike, on="id", how="left").sort("at", "id")


def count_pairs(found: pl.DataFrame, worse: float) -> PairedCounts:
    """worse: the value of the worse outcome."""
    labelled = found.filter(pl.col("canary").is_not_null() & pl.col("control").is_not_null())
    mine, theirs = labelled["canary"] == worse, labelled["control"] == worse
    rest = found.filter(pl.col("canary").is_null() | pl.col("control").is_null())
    return PairedCounts(
        n=found.height,
        both=int((mine & theirs).sum()),
        canary=int((mine & ~theirs).sum()),
        control=int((theirs & ~mine).sum()),
        unlabelled=rest.height,
        alike=int(rest["alike"].fill_null(False).sum()),
    )


def _same_answer(pairs: pl.DataFrame) -> pl.Expr:
    """Whether both gave the same label; where only chances are told, the same chances."""
    names = [name for name in pairs.columns if name.startswith("out.")]
    labels = [name for name in names if name.startswith(("out.label", "out.prediction"))]
    same = [
        pl.col(name).eq_missing(pl.col(SHADOW + name))
        for name in labels or names
        if SHADOW + name in pairs.columns
    ]
    return pl.all_horizontal(same) if same else pl.lit(False)
