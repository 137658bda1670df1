"""Figures and verdicts as an older Comporta named and kept them, read as today's.

Its figures were named by words, which told what they were compared with and under what too; a slice was one
text; and what could not be measured was a name and a sentence. All of it is read here and nowhere else.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

from msgspec.structs import replace

from comporta.records.figure import Condition, Figure, Rarer, UnmeasuredFigure
from comporta.records.former_tables import FormerTables, tables_today
from comporta.records.message import NO_TEXT, Message, PlainText, Text
from comporta.records.record import Record
from comporta.records.tables import Table
from comporta.records.verdict import FEWEST_ROWS, Findings, Scores, Verdict

F = TypeVar("F", Figure, UnmeasuredFigure)

METRICS_BY_WORDS = {
    "additivity residual": "additivity_residual",
    "answer explained less answer given": "explained_less_given",
    "answers tell": "answers_tell",
    "area under the attack's ROC curve": "attack_area",
    "bad requests without a clear refusal": "bad_requests_unclear",
    "balanced_accuracy above chance": "balanced_accuracy_above_chance",
    "broken features": "broken_features",
    "calibration difference": "calibration_difference",
    "change of the mean prediction": "mean_prediction_change",
    "contradictory duplicates": "contradictory_duplicates",
    "decision drift": "decision_drift",
    "decisions changed": "decisions_changed",
    "decisions changed by an extreme": "decisions_changed_by_extreme",
    "entities": "entities_in_both_parts",
    "error rate difference": "error_rate_difference",
    "false positive rate difference": "false_positive_rate_difference",
    "feature drift": "feature_drift",
    "features compared": "features_compared",
    "gain of the last doubling": "gain_of_last_doubling",
    "groups too small": "groups_too_small",
    "highest answer": "highest_answer",
    "idle features": "idle_features",
    "importance moved": "importance_moved",
    "joins without times": "joins_without_times",
    "keys in both parts": "keys_in_both_parts",
    "known features without times": "known_features_without_times",
    "labels contradicted": "labels_contradicted",
    "largest difference": "largest_difference",
    "largest feature difference": "largest_feature_difference",
    "largest step the wrong way": "largest_wrong_step",
    "loss to constant": "loss_to_constant",
    "loss to overall": "loss_to_overall",
    "lowest answer": "lowest_answer",
    "mean absolute error difference": "mean_absolute_error_difference",
    "mean error difference": "mean_error_difference",
    "mean prediction": "mean_prediction",
    "mean prediction difference": "mean_prediction_difference",
    "memory growth": "memory_growth",
    "near duplicates": "near_duplicates",
    "near twins in both parts": "near_twins_in_both_parts",
    "not served by a fresh process": "not_served",
    "one feature tells": "feature_tells",
    "p50 ms": "p50_ms",
    "p99 ms": "p99_ms",
    "permutation importance": "permutation_importance",
    "personal data": "personal_data",
    "places looked at": "places_searched",
    "rank": "importance_rank",
    "rank changed": "rank_changed",
    "rate ratio": "rate_ratio",
    "refused rows that flip": "refused_rows_that_flip",
    "requests failed": "requests_failed",
    "requests in both parts": "requests_in_both_parts",
    "roc_auc above chance": "roc_auc_above_chance",
    "rows apart by rounding": "rows_apart_by_rounding",
    "rows from the raw request on": "rows_from_raw_request",
    "rows joined before it was known": "rows_joined_before_known",
    "rows joined to the future": "rows_joined_to_future",
    "rows not answered": "rows_not_answered",
    "rows outside": "rows_outside",
    "rows refused": "rows_refused",
    "rows that break an expectation": "rows_that_break_expectation",
    "score drift": "score_drift",
    "selection rate difference": "selection_rate_difference",
    "selection rate ratio": "selection_rate_ratio",
    "server errors": "server_errors",
    "shap share": "shap_share",
    "share": "importance",
    "share of values far outside": "values_far_outside",
    "skill less that of a line": "skill_less_line",
    "skill less that of a tree of depth 3": "skill_less_tree",
    "skill over the class shares": "skill_over_class_shares",
    "skill over the mean": "skill_over_mean",
    "skill over the median": "skill_over_median",
    "skill over the most frequent class": "skill_over_most_frequent_class",
    "smooth calibration error": "smooth_calibration_error",
    "taken": "forbidden_decisions",
    "told by one feature": "told_by_one_feature",
    "told in training only": "told_in_training_only",
    "told where one feature is set": "told_where_feature_set",
    "training rows in small leaves": "training_rows_in_small_leaves",
    "training rows kept": "training_rows_kept",
    "true positive rate difference": "true_positive_rate_difference",
    "true positives at 0.1% false": "attack_true_positives",
    "true positives at 1.0% false": "attack_true_positives",
    "twins in both parts": "twins_in_both_parts",
    "values beyond the most common": "values_beyond_most_common",
    "values not told apart": "values_not_told_apart",
    "values too small": "values_too_small",
    "weak slices confirmed": "weak_slices_confirmed",
    "weighted drift": "weighted_drift",
    "weights for each training row": "weights_per_training_row",
    "words of few rows": "words_of_few_rows",
}
"""What a figure was called in words → its id."""

_PARTS = (
    (re.compile(r"(?P<metric>\w+) minus champion(?P<method>, bootstrap)?"), ""),
    (re.compile(r"(?P<of>\w+) lost"), "metric_lost"),
    (re.compile(r"(?P<of>\w+) gap"), "fit_gap"),
    (re.compile(r"(?P<metric>\w+) (?P<part>train|test)"), ""),
    (re.compile(r"rows beyond (?P<difference>1e-\d+)"), "rows_beyond"),
    (re.compile(r"rows asked (?P<request>.+)"), "rows_requested"),
)
SCORED = ("scores", "difference")
"""What a verdict on scores rests on; `difference` is what `no_worse` rested on once."""

_NOT_RUN = "gate.not_asked"
"""The reason by which alone an older verdict told that no run had reached it."""

_SMALL = f" rows, at least {FEWEST_ROWS} expected"
_OF_VALUE = re.compile(r"(?P<column>[^=]+)=(?P<value>.*)", re.DOTALL)
_RARER = re.compile(r"…|one of [\d,]+ rarer values")


def figure_today(figure: F) -> F:
    """The figure under today's id of its metric. A slice in one text stays as it is."""
    if figure.metric in METRICS_BY_WORDS:
        found: F = replace(figure, metric=METRICS_BY_WORDS[figure.metric])
        return found
    for words, metric in _PARTS:
        if match := words.fullmatch(figure.metric):
            parts = {name: each for name, each in match.groupdict().items() if each}
            return _with_types(figure, parts.pop("metric", metric), parts)
    return figure


def scores_today(scores: Scores) -> Scores:
    """Scores whose slices are typed and whose unmeasured figures are records."""
    return replace(
        scores,
        figures=tuple(_with_slice(each) for each in scores.figures),
        unmeasured=tuple(_with_slice(each) for each in scores.unmeasured or _of_scores(scores.missing)),
        missing={},
    )


class FormerFindings(Record, frozen=True, kw_only=True):
    """`Findings` as any release kept them: what could not be measured as names and sentences, and tables by
    the words that people read."""

    figures: tuple[Figure, ...] = ()
    unmeasured: tuple[UnmeasuredFigure, ...] = ()
    without: Text = NO_TEXT
    rows: int = 0
    of: int = 0
    notes: tuple[Text, ...] = ()
    missing: dict[str, str] = {}
    tables: FormerTables | tuple[Table, ...] = ()


def findings_today(found: FormerFindings) -> Findings:
    """Findings whose figures and tables have today's ids and whose unmeasured figures are records."""
    lost = found.unmeasured or tuple(
        UnmeasuredFigure(slice=name, why=PlainText(why)) for name, why in found.missing.items()
    )
    return Findings(
        figures=tuple(figure_today(each) for each in found.figures),
        unmeasured=tuple(figure_today(each) for each in lost),
        without=found.without,
        rows=found.rows,
        of=found.of,
        notes=found.notes,
        tables=tables_today(found.tables) if isinstance(found.tables, dict) else found.tables,
    )


def verdict_today(verdict: Verdict) -> Verdict:
    """The verdict with its figure under today's id, and whether it was run in a field of its own."""
    reason = verdict.reason
    if isinstance(reason, Message) and reason.code == _NOT_RUN and verdict.not_run is None:
        verdict = replace(verdict, not_run=reason.values["level"])
    figure = verdict.figure
    if figure is None:
        return verdict
    figure = figure_today(figure)
    return replace(verdict, figure=_with_slice(figure) if verdict.what in SCORED else figure)


def _with_types(figure: F, metric: str, parts: dict[str, Any]) -> F:
    champion = "minus champion" in figure.metric
    named = {"of": "metric", "method": "method"}
    under = tuple(Condition(named.get(name, name), each.strip(", ")) for name, each in parts.items())
    found: F = replace(figure, metric=metric, under=under, compared_with="champion" if champion else "")
    return found


def _with_slice(figure: F) -> F:
    """Of scores a slice was `column=value`; in a fact it is a digest, which stays."""
    match = _OF_VALUE.fullmatch(figure.slice)
    if match is None:
        return figure
    found: F = replace(figure, where=(_condition(match["column"], match["value"]),), slice="")
    return found


def _condition(column: str, value: str) -> Condition:
    return Condition(column, Rarer() if _RARER.fullmatch(value) else value)


def _of_scores(missing: dict[str, str]) -> tuple[UnmeasuredFigure, ...]:
    """A name told a metric and, after a space, its slice."""
    named = ((*name.partition(" ")[::2], why) for name, why in missing.items())
    return tuple(
        UnmeasuredFigure(
            metric=metric, slice=where, why=PlainText(why), small=bool(where) and why.endswith(_SMALL)
        )
        for metric, where, why in named
    )
