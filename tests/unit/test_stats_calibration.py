"""Smooth calibration error agrees with its authors' code, and its noise with what chance does."""

import numpy as np
import pytest

from comporta.stats.calibration import curve, smooth_error

# smECE of relplot 1.0.3 (Blasiok and Nakkiran's own), on `drawn(rows, power)` below.
PUBLISHED = {
    (500, 1.0): 0.03269,
    (500, 2.0): 0.16767,
    (5000, 1.0): 0.01449,
    (5000, 1.25): 0.06323,
    (5000, 2.0): 0.15578,
    (100_000, 1.25): 0.05569,
}


def drawn(draw, rows, power):
    said = draw.beta(1, 3, rows)
    came = (draw.random(rows) < np.clip(said**power, 0, 1)).astype(float)
    return said, came


def slowly(said, residual, width, points=2000):
    """The definition, outright: every row's reflected kernel at every point."""
    at = (np.arange(points) + 0.5) / points
    total = np.zeros(points)
    for image in range(-3, 4):
        for place in (said + 2 * image, 2 * image - said):
            total += (residual * np.exp(-0.5 * ((at[:, None] - place) / width) ** 2)).sum(axis=1)
    return np.abs(total).mean() / (width * np.sqrt(2 * np.pi)) / len(said)


@pytest.mark.parametrize(("rows", "power"), PUBLISHED)
def test_it_is_what_its_authors_measure(rows, power):
    said, came = drawn(np.random.default_rng(7), rows, power)
    assert smooth_error(said, said - came).error == pytest.approx(PUBLISHED[rows, power], rel=0.005)


@pytest.mark.parametrize("power", [1.0, 1.25, 2.0])
def test_it_is_the_definition_at_its_width(power):
    said, came = drawn(np.random.default_rng(3), 400, power)
    found = smooth_error(said, said - came)
    assert found.error == pytest.approx(slowly(said, said - came, found.width), abs=3e-4)
    # Its width is the error itself, up to the last step of the search.
    assert found.width == pytest.approx(slowly(said, said - came, found.width), abs=2e-3)


def test_rows_at_the_ends_count_as_much_as_any():
    said = np.array([0.0] * 50 + [1.0] * 50)
    came = np.array([1.0] * 10 + [0.0] * 40 + [1.0] * 50)
    assert smooth_error(said, said - came).error == pytest.approx(0.1, abs=0.02)


def test_chance_alone_is_beyond_the_noise_about_one_time_in_twenty():
    beyond = []
    for seed in range(100):
        said, came = drawn(np.random.default_rng(seed), 800, 1.0)
        found = smooth_error(said, said - came, seed=seed)
        beyond.append(found.error > found.noise)
    # 0.05 promised: at 100 seeds the share lies below 0.12 in all but two of a thousand.
    assert np.mean(beyond) < 0.12


def test_noise_of_groups_that_err_together_is_as_wide_as_it_is():
    beyond, alone = [], []
    for seed in range(60):
        draw = np.random.default_rng(seed)
        person = np.repeat(np.arange(80), 10)
        said = np.repeat(draw.uniform(0.2, 0.8, 80), 10)
        came = np.repeat(draw.random(80), 10) < said
        beyond.append((found := smooth_error(said, said - came, person)).error > found.noise)
        alone.append((found := smooth_error(said, said - came)).error > found.noise)
    assert np.mean(beyond) < 0.18
    assert np.mean(alone) > 0.5


def test_the_interval_holds_the_truth():
    # Twice as likely as said at 0.25, half as likely at 0.75: an error of 0.25 at every width below it.
    held = []
    for seed in range(60):
        draw = np.random.default_rng(seed)
        said = np.where(draw.random(1000) < 0.5, 0.25, 0.75)
        came = draw.random(1000) < np.where(said == 0.25, 0.5, 0.5)
        found = smooth_error(said, said - came)
        true = smooth_error(np.repeat([0.25, 0.75], 500), np.repeat([-0.25, 0.25], 500)).error
        held.append(found.low <= true <= found.high)
    assert np.mean(held) >= 0.95


def test_the_band_of_the_diagram_is_where_a_calibrated_model_lies():
    said, came = drawn(np.random.default_rng(0), 20_000, 1.0)
    fine = curve(said, said - came, width=0.05)
    assert np.mean((fine.low <= fine.came) & (fine.came <= fine.high)) > 0.8
    said, came = drawn(np.random.default_rng(0), 20_000, 2.0)
    off = curve(said, said - came, width=0.05)
    assert np.mean((off.low <= off.came) & (off.came <= off.high)) < 0.3
    middle = np.argmin(np.abs(off.at - 0.5))
    assert off.came[middle] == pytest.approx(0.25, abs=0.05)
