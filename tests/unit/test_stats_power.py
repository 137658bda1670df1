"""What a passing verdict could have seen: by an oracle, by chance, and in the words that people read."""

import numpy as np
import pytest
from scipy import special
from statsmodels.stats.power import NormalIndPower

from comporta.checks.shared.judging.bounds import Bound, judgement, within_bounds
from comporta.cli.verdicts import verdict_lines
from comporta.opened.sentences import sentence
from comporta.records import Evidence, Figure, PlainText, Verdict, need
from comporta.report import ReportedVerdict
from comporta.report.markdown import because
from comporta.report.standing import power_text
from comporta.stats.binomial import clopper_pearson
from comporta.stats.means import mean_of
from comporta.stats.power import detectable, detectable_share


class Rule:
    name, required = "rule", True


def verdict(*figures, limit=0.1, on="fault"):
    evidence = Evidence(need=need("scores"), figures=figures)
    return within_bounds(Rule(), evidence, (Bound(metric="bias", limit=limit, on=on),))


def figure(value, low, high, level=0.95):
    return Figure(metric="bias", value=value, low=low, high=high, level=level, rows=400)


@pytest.mark.parametrize("rows", [50, 200, 5000])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_the_smallest_difference_is_that_of_statsmodels(rows, power):
    oracle = NormalIndPower(ddof=0).solve_power(
        nobs1=rows, alpha=0.025, power=power, ratio=0, alternative="larger"
    )
    half = 1.959964 / np.sqrt(rows)
    assert detectable(0.0, -half, half, power=power) == pytest.approx(oracle, rel=1e-4)


@pytest.mark.parametrize("on", ["fault", "value"])
def test_a_truth_so_far_beyond_the_limit_fails_four_times_in_five(on):
    draw = np.random.default_rng(0)
    typical = mean_of(draw.normal(0, 1, 400)).figure("bias", 400)
    beyond = verdict(typical, on=on).detectable
    assert beyond == pytest.approx(0.05 * (0.84 + 1.96 * (on == "fault")), rel=0.1)
    bound = Bound(metric="bias", limit=0.1, on=on)
    found = [
        judgement(mean_of(draw.normal(0.1 + beyond, 1, 400)).figure("bias", 400), bound).outcome == "fail"
        for _ in range(800)
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.06)


def test_the_figure_that_is_hardest_to_see_tells_and_a_cut_off_end_does_not():
    sure, unsure = figure(0.05, 0.03, 0.07), figure(0.0, 0.0, 0.14)
    assert verdict(sure).detectable == pytest.approx(detectable(0.05, 0.03, 0.07))
    assert verdict(sure, unsure).detectable == pytest.approx(2.802 / 1.96 * 0.14, rel=1e-3)
    # An interval that holds for many at once is wider than its standard error makes it.
    assert detectable(0.0, -0.1, 0.1, level=0.999) < detectable(0.0, -0.1, 0.1)


def test_what_could_be_seen_is_told_of_a_pass_alone_and_where_an_interval_tells():
    assert verdict(figure(0.3, 0.2, 0.4)).detectable is None
    assert verdict(Figure(metric="bias", value=0.0)).detectable is None
    assert verdict(figure(0.05, 0.03, 0.07), on="interval").detectable == 0.0
    doubtful = Verdict(check="c", outcome="inconclusive", required=True, reason=PlainText(""), detectable=0.1)
    assert not power_text(doubtful)


def reported(judged):
    return ReportedVerdict(
        verdict=judged, title="bias at most 0.1", reason="fine.", power=sentence(power_text(judged))
    )


def test_it_is_told_in_reports_and_in_the_line_where_there_is_room():
    told = reported(verdict(figure(0.02, -0.105, 0.145)))
    assert because(told) == "fine. A truth 0.18 beyond the limit would be detected with 80 % power."
    (line, _), *_ = verdict_lines([told], 100)
    assert line.endswith("0.02 [-0.105, 0.145], limit 0.1, finds 0.18 beyond")
    (narrow, _), *_ = verdict_lines([told], 60)
    assert narrow.endswith("limit 0.1") and len(narrow) <= 60
    shown = reported(verdict(figure(0.05, 0.03, 0.07), on="interval"))
    assert "Anything beyond the limit" in because(shown)
    assert "finds" not in verdict_lines([shown], 100)[0][0]


def shares_found(rows, limit):
    """How far below the limit a share must lie so that four samples in five have Clopper and Pearson's upper
    end below it: by the binomial itself."""
    fails = [hits for hits in range(rows) if clopper_pearson(hits, rows - hits, 0.025)[1] < limit]
    return limit - special.betaincinv(fails[-1] + 1, rows - fails[-1], 0.2)


@pytest.mark.parametrize(("rows", "limit"), [(10, 0.9), (20, 0.7), (25, 0.5), (100, 0.5), (400, 0.95)])
def test_what_a_share_of_few_rows_could_have_shown_is_that_of_the_binomial_whatever_was_seen(rows, limit):
    for hits in (round(rows * limit), rows):
        ends = clopper_pearson(hits, rows - hits, 0.025)
        found = detectable_share(*ends, limit, higher=True)
        assert found == pytest.approx(shares_found(rows, limit), rel=0.15, abs=0.01)
        mirrored = detectable_share(1 - ends[1], 1 - ends[0], 1 - limit, higher=False)
        assert mirrored == pytest.approx(found)
    assert detectable(1.0, *clopper_pearson(100, 0, 0.025)) < 0.4 * shares_found(100, 0.5)


def test_rows_too_few_to_find_any_truth_say_so():
    recall = Figure(metric="recall", value=0.5, low=0.1, high=0.9, rows=4)
    bound = Bound(metric="recall", limit=0.3, higher=True, on="fault")
    judged = within_bounds(Rule(), Evidence(need=need("scores"), figures=(recall,)), (bound,))
    assert judged.outcome == "pass" and judged.powerless and judged.detectable is None
    assert "detect nothing beyond the limit" in sentence(power_text(judged))
    (line, _), *_ = verdict_lines([reported(judged)], 100)
    assert line.endswith("finds nothing")
