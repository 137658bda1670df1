import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from comporta.checks import at_least, at_most, better_than_champion, judge, needs, no_worse, policy
from comporta.errors import BadProject
from comporta.opened.sentences import sentence
from comporta.records import Artifact, Evidence, Figure, Need, UnmeasuredFigure, Verdict

SCORES = Need(what="scores", metric="roc_auc")


def figure(value, low, high, slice="", rows=1000):
    return Figure(metric="roc_auc", value=value, low=low, high=high, rows=rows, groups=rows, slice=slice)


def judged(check, *figures):
    (need,) = check.needs()
    (verdict,) = judge((check,), {need: Evidence(need=need, figures=figures)})
    return verdict


def test_an_interval_above_the_limit_passes():
    verdict = judged(at_least("roc_auc", 0.7), figure(0.75, 0.74, 0.76))
    assert verdict.outcome == "pass"
    assert sentence(verdict.reason) == "roc_auc 0.75 [0.74, 0.76] on 1,000 rows: at least 0.7."


def test_an_interval_around_the_limit_is_inconclusive_and_says_how_many_rows_would_settle_it():
    verdict = judged(at_least("roc_auc", 0.7), figure(0.71, 0.68, 0.74))
    assert verdict.outcome == "inconclusive"
    assert not verdict.opens
    # The interval is three times wider than the value is away from the limit: nine times the rows.
    assert verdict.needed == pytest.approx(9000, rel=0.01)
    assert "rows would settle it" in sentence(verdict.reason)


def test_an_interval_below_the_limit_fails():
    assert judged(at_least("roc_auc", 0.7), figure(0.6, 0.55, 0.69)).outcome == "fail"
    assert judged(at_most("log_loss", 0.5), figure(0.6, 0.55, 0.69)).outcome == "fail"


def test_on_value_the_interval_is_nothing():
    assert judged(at_least("roc_auc", 0.7, on="value"), figure(0.71, 0.1, 0.9)).outcome == "pass"
    assert judged(at_least("roc_auc", 0.7, on="value"), figure(0.69, 0.1, 0.9)).outcome == "fail"


def test_a_figure_without_an_interval_is_inconclusive():
    verdict = judged(at_least("roc_auc", 0.7), Figure(metric="roc_auc", value=0.9, rows=10, groups=1))
    assert verdict.outcome == "inconclusive"
    assert "no interval" in sentence(verdict.reason)


def test_the_worst_slice_decides_and_is_named():
    check = at_least("roc_auc", 0.7, by="carrier")
    verdict = judged(
        check,
        figure(0.9, 0.8, 0.95, "carrier=A"),
        figure(0.6, 0.5, 0.65, "carrier=B"),
        figure(0.71, 0.6, 0.8, "carrier=C"),
    )
    assert verdict.outcome == "fail"
    assert verdict.figure.slice == "carrier=B"
    assert "1 of 3 slices" in sentence(verdict.reason)


ONE_CLASS = UnmeasuredFigure(metric="roc_auc", slice="carrier=AA", why="one class only")
TOO_SMALL = UnmeasuredFigure(
    metric="roc_auc", slice="carrier=ZZ", why="3 rows, at least 30 expected", small=True
)
BY_SLICE = (
    at_least("roc_auc", 0.7, by="carrier"),
    at_least("roc_auc", 0.7, by="carrier", on="value"),
    no_worse("roc_auc", margin=0.01, by="carrier"),
    better_than_champion("roc_auc", by="carrier"),
)


def with_unmeasured(check, unmeasured, *figures, missing=""):
    (need,) = check.needs()
    found = Evidence(need=need, figures=figures, missing=missing, unmeasured=tuple(unmeasured))
    (verdict,) = judge((check,), {need: found})
    return verdict


@pytest.mark.parametrize("check", BY_SLICE)
def test_a_slice_that_could_not_be_measured_is_no_pass_and_is_named(check):
    good = figure(0.9, 0.8, 0.95, "carrier=B")
    assert with_unmeasured(check, (), good).outcome == "pass"
    other = replace(ONE_CLASS, slice="carrier=BB")
    verdict = with_unmeasured(check, (ONE_CLASS, other), good)
    assert verdict.outcome == "inconclusive"
    assert not verdict.opens
    start = "Not measured in 2 slices, first roc_auc carrier=AA: one class only."
    assert sentence(verdict.reason).startswith(start)
    assert "Not measured in 1 slice, roc_auc" in sentence(with_unmeasured(check, (ONE_CLASS,), good).reason)


@pytest.mark.parametrize("check", BY_SLICE)
def test_a_slice_that_fails_decides_over_one_that_could_not_be_measured(check):
    verdict = with_unmeasured(check, (ONE_CLASS,), figure(-0.6, -0.65, -0.5, "carrier=B"))
    assert verdict.outcome == "fail"
    assert "carrier=AA: one class only" in sentence(verdict.reason)


@pytest.mark.parametrize(
    ("low", "high", "outcome"), [(0.8, 0.95, "pass"), (0.6, 0.95, "inconclusive"), (0.5, 0.6, "fail")]
)
def test_slices_of_few_rows_change_no_verdict_and_are_named_in_each(low, high, outcome):
    check, small = at_least("roc_auc", 0.7, by="carrier"), (TOO_SMALL, replace(TOO_SMALL, slice="carrier=QQ"))
    found = figure((low + high) / 2, low, high, "carrier=B")
    verdict = with_unmeasured(check, small, found)
    assert verdict.outcome == outcome
    assert sentence(verdict.reason).endswith(
        "2 slices under 30 rows or ten subjects are not judged: carrier=ZZ, carrier=QQ."
    )
    assert "1 slice under 30 rows or ten subjects is not judged" in sentence(
        with_unmeasured(check, small[:1], found).reason
    )


def test_of_many_small_slices_three_are_named_and_the_rest_counted():
    small = [replace(TOO_SMALL, slice=f"carrier={name}") for name in "VWXYZ"]
    verdict = with_unmeasured(BY_SLICE[0], small, figure(0.9, 0.8, 0.95, "carrier=B"))
    assert sentence(verdict.reason).endswith(
        "5 slices under 30 rows or ten subjects are not judged: carrier=V, carrier=W, carrier=X and 2 more."
    )


def test_evidence_without_any_figure_says_why_once():
    verdict = with_unmeasured(BY_SLICE[0], (ONE_CLASS,), missing="roc_auc by carrier: one class only")
    assert (verdict.outcome, sentence(verdict.reason)) == (
        "inconclusive",
        "Not measured: roc_auc by carrier: one class only.",
    )


def test_no_worse_does_not_apply_to_the_first_version():
    check = no_worse("roc_auc", margin=0.01)
    (need,) = check.needs()
    first = Evidence(need=need, without="there is no champion yet to compare with")
    (verdict,) = judge((check,), {need: first})
    assert verdict.outcome == "does not apply"
    assert verdict.opens


@pytest.mark.parametrize(
    ("metric", "value", "low", "high", "outcome"),
    [
        ("roc_auc", -0.002, -0.009, 0.005, "pass"),
        ("roc_auc", -0.002, -0.02, 0.016, "inconclusive"),
        ("roc_auc", -0.05, -0.07, -0.03, "fail"),
        ("rmse", 0.002, -0.005, 0.009, "pass"),
        ("rmse", 0.05, 0.03, 0.07, "fail"),
        ("rmse", -0.5, -0.7, -0.3, "pass"),
    ],
)
def test_no_worse_knows_which_way_is_worse(metric, value, low, high, outcome):
    assert judged(no_worse(metric, margin=0.01), figure(value, low, high)).outcome == outcome


def test_the_evidence_is_pointed_to():
    kept = Artifact(digest="ab" * 32, size=1, kind="json")
    check = at_least("roc_auc", 0.7)
    evidence = Evidence(need=SCORES, figures=(figure(0.75, 0.74, 0.76),), artifact=kept)
    assert judge((check,), {SCORES: evidence})[0].evidence == kept


def test_equal_needs_are_asked_once_in_the_order_first_met():
    checks = (at_least("f1", 0.5), at_least("roc_auc", 0.7), at_most("f1", 0.99))
    assert [need.metric for need in needs(checks)] == ["f1", "roc_auc"]


def test_the_policy_digest_changes_with_each_limit_and_not_with_the_order():
    one, other = at_least("roc_auc", 0.7), no_worse("roc_auc", margin=0.01)
    assert policy((one, other)) == policy((other, one))
    assert len(policy(())) == 64
    changed = [
        at_least("roc_auc", 0.69),
        at_least("roc_auc", 0.7, by="carrier"),
        at_least("roc_auc", 0.7, required=False),
        at_least("roc_auc", 0.7, on="value"),
        at_most("roc_auc", 0.7),
    ]
    assert len({policy((each, other)) for each in (one, *changed)}) == 6


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: at_least("roc_acu", 0.7),
        lambda: at_least("roc_auc", math.nan),
        lambda: at_least("roc_auc", "0.7"),
        lambda: at_least("roc_auc", True),
        lambda: at_most("roc_auc", 0.7, on="point"),
        lambda: no_worse("roc_auc", margin=-0.1),
        lambda: no_worse("nonsense", margin=0.1),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused_where_it_stands(wrong):
    with pytest.raises(BadProject):
        wrong()


def test_a_metric_misspelt_is_told_the_near_ones():
    with pytest.raises(BadProject, match=r"'roc_acu', expected one of roc_auc"):
        at_least("roc_acu", 0.7)


@dataclass(frozen=True)
class Odd:
    """A check that misbehaves in one way."""

    way: str
    required: bool = True

    @property
    def name(self):
        if self.way == "name":
            raise ValueError("a secret value")
        return "odd"

    def needs(self):
        if self.way == "needs":
            raise ValueError("a secret value")
        return (SCORES,)

    def judge(self, evidence):
        if self.way == "judge":
            raise ValueError("a secret value")
        if self.way == "nothing":
            return None
        name = "another" if self.way == "renamed" else "odd"
        required = False if self.way == "lenient" else self.required
        outcome = "passed" if self.way == "word" else "does not apply" if self.way == "away" else "pass"
        return Verdict(check=name, outcome=outcome, required=required, reason="all is well")


WAYS = ("name", "needs", "judge", "nothing", "renamed", "lenient", "word")


@pytest.mark.parametrize("way", WAYS)
def test_a_check_that_misbehaves_never_opens_the_gate_and_tells_no_value(way):
    evidence = {SCORES: Evidence(need=SCORES, figures=(figure(0.9, 0.8, 1.0),))}
    good = at_least("roc_auc", 0.7)
    verdicts = judge((Odd(way), good), evidence)
    assert not verdicts[0].opens
    assert verdicts[0].outcome == "inconclusive"
    assert "secret" not in sentence(verdicts[0].reason)
    assert verdicts[1].outcome == "pass", "the others are judged all the same"
    assert needs((Odd(way), good)) == (SCORES,)


@pytest.mark.parametrize("way", ["passes", "away"])
@pytest.mark.parametrize("evidence", [{}, {SCORES: Evidence(need=SCORES, missing="it could not run")}])
def test_a_check_that_passes_what_nobody_measured_is_not_believed(way, evidence):
    (verdict,) = judge((Odd(way),), evidence)
    assert not verdict.opens


def test_a_check_that_is_no_plain_data_has_no_policy():
    class Hidden:
        name, required = "hidden", True

    with pytest.raises(BadProject, match="cannot be written down"):
        policy((Hidden(),))


numbers = st.floats(allow_nan=True, allow_infinity=True)
figures = st.lists(
    st.builds(
        Figure,
        metric=st.just("roc_auc"),
        value=numbers,
        low=st.none() | numbers,
        high=st.none() | numbers,
        rows=st.integers(0, 10**6),
        slice=st.sampled_from(["", "a=1", "a=2"]),
    ),
    max_size=4,
)
checks = st.sampled_from(
    [
        at_least("roc_auc", 0.7),
        at_least("roc_auc", 0.7, by="a"),
        at_most("roc_auc", 0.7, required=False),
        at_least("roc_auc", 0.7, on="value"),
        no_worse("roc_auc", margin=0.02),
        *(Odd(way) for way in WAYS),
    ]
)
evidence = st.builds(
    lambda found, missing: {"figures": tuple(found), "missing": missing},
    figures,
    st.sampled_from(["", "it could not run"]),
)


@given(st.lists(checks, max_size=5), evidence)
def test_judging_never_raises_and_never_opens_without_figures(asked, made):
    pool = {need: Evidence(need=need, **made) for need in needs(asked)}
    verdicts = judge(asked, pool)
    assert len(verdicts) == len(asked)
    for verdict in verdicts:
        assert sentence(verdict.reason)
        if made["missing"] or not made["figures"]:
            assert verdict.outcome in ("fail", "inconclusive") or verdict.check == "odd"
        if verdict.outcome == "pass" and verdict.figure is not None:
            assert math.isfinite(verdict.figure.value)


@given(
    st.floats(-1, 1),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(-1, 1),
    st.booleans(),
)
def test_a_pass_means_that_all_of_the_interval_is_on_the_good_side(value, below, above, limit, least):
    low, high = value - below, value + above
    check = (at_least if least else at_most)("roc_auc", limit)
    verdict = judged(check, figure(value, low, high))
    if least:
        expected = "pass" if low >= limit else "fail" if high < limit else "inconclusive"
    else:
        expected = "pass" if high <= limit else "fail" if low > limit else "inconclusive"
    assert verdict.outcome == expected
    if verdict.needed is not None:
        assert verdict.needed >= 1000


@given(st.floats(-0.5, 0.5), st.floats(0.001, 0.2), st.floats(0, 0.2), st.floats(0, 0.2))
def test_a_wider_margin_never_turns_a_pass_into_a_failure(value, half, margin, more):
    tight = judged(no_worse("roc_auc", margin=margin), figure(value, value - half, value + half))
    loose = judged(no_worse("roc_auc", margin=margin + more), figure(value, value - half, value + half))
    if tight.outcome == "pass":
        assert loose.outcome == "pass"
