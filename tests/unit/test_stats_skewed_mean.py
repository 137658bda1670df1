"""Means of losses of independent rows: the interval holds the truth where losses are skewed."""

import numpy as np
import pytest
from scipy import special, stats

from comporta.stats.skewed_mean import skewed_mean
from comporta.stats.skewness import skewed_quantile

DRAWN = {
    "normal": (lambda draw, rows: np.abs(draw.normal(size=rows)), float(np.sqrt(2 / np.pi))),
    "t3": (lambda draw, rows: np.abs(draw.standard_t(3, rows)), float(2 * np.sqrt(3) / np.pi)),
    "lognormal": (lambda draw, rows: draw.lognormal(0, 1, rows), float(np.exp(0.5))),
}
SAMPLES = 4_000
MOST = 0.025 + 2 * (0.025 * 0.975 / 1_000) ** 0.5
"""As the grid of error rates has it, of a thousand."""


@pytest.mark.parametrize("tail", ["t3", "lognormal"])
@pytest.mark.parametrize("rows", [30, 100, 1_000])
def test_a_mean_of_heavy_losses_is_seldom_beyond_its_interval(rows: int, tail: str) -> None:
    draw, (drawn, truth) = np.random.default_rng(4), DRAWN[tail]
    found = [skewed_mean(drawn(draw, rows)) for _ in range(SAMPLES)]
    assert np.mean([each.high < truth for each in found]) < MOST
    assert np.mean([each.low > truth for each in found]) < MOST


def test_of_losses_that_are_hardly_skewed_it_is_about_students() -> None:
    draw, (drawn, truth) = np.random.default_rng(4), DRAWN["normal"]
    loss = drawn(draw, 3_000)
    low, high = stats.t.interval(0.95, len(loss) - 1, loss.mean(), stats.sem(loss))
    found = skewed_mean(loss)
    assert found.low == pytest.approx(low, abs=0.1 * (high - low))
    assert found.high == pytest.approx(high, abs=0.1 * (high - low))
    assert low < truth < high


def test_the_other_end_moves_by_the_skewness_as_it_is() -> None:
    loss = np.random.default_rng(4).lognormal(0, 1, 200)
    wide = float(special.stdtrit(199, 0.975))
    skew = float(((loss - loss.mean()) ** 3).mean()) / loss.std(ddof=1) ** 3 / 200**0.5
    low = loss.mean() - skewed_quantile(wide, skew) * loss.std(ddof=1) / 200**0.5
    assert skewed_mean(loss).low == pytest.approx(low, rel=1e-12)
    mirrored = skewed_mean(-loss)
    assert mirrored.high == pytest.approx(-low, rel=1e-12)
    assert mirrored.low == pytest.approx(-skewed_mean(loss).high, rel=1e-12)


@pytest.mark.parametrize("loss", [[0.3], [0.0] * 9, [7.0] * 9])
def test_losses_that_are_alike_or_alone_have_no_interval(loss: list[float]) -> None:
    found = skewed_mean(np.array(loss))
    assert (found.low, found.high, found.units) == (None, None, len(loss))


def test_a_loss_is_never_below_nothing() -> None:
    found = skewed_mean(np.array([0.0] * 40 + [1.0]))
    assert found.low == 0.0 and found.high is not None and found.high > 3 * found.value
