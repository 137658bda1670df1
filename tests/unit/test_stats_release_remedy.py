"""What would make a plan possible: each remedy suffices, and a little less does not."""

import pytest

from comporta.stats.release_power import PlannedMetric, promotion_power
from comporta.stats.release_remedy import power_remedy

SMALL = PlannedMetric(base=0.05, units=300, days=56)


def test_each_remedy_suffices_and_much_less_of_it_does_not():
    found = power_remedy(SMALL)
    assert promotion_power(SMALL) < 0.5
    for name, less in (
        ("days", found.days // 14 * 7),
        ("units", found.units / 2),
        ("margin", found.margin / 2),
    ):
        assert promotion_power(SMALL._replace(**{name: getattr(found, name)})) >= 0.8
        assert promotion_power(SMALL._replace(**{name: less})) < 0.8
    assert found.days % 7 == 0 and found.units > 600 and not found.labelled


def test_where_labels_are_what_lacks_complete_ones_do_and_time_does_not():
    found = power_remedy(PlannedMetric(base=0.05, units=3000, days=56, missing=0.02))
    assert found.labelled and found.days is None and found.units is None and found.margin > 0.4


def test_what_nothing_helps_says_so():
    nothing = power_remedy(PlannedMetric(base=0.05, units=3000, days=56, ratio=3.0))
    assert (nothing.days, nothing.units, nothing.margin, nothing.labelled) == (None, None, None, False)


def test_a_plan_that_can_decide_needs_nothing():
    found = power_remedy(PlannedMetric(base=0.05, units=9000, days=56))
    assert (found.days, found.units, found.margin) == (56, 9000, 0.1)


def test_numbers_that_no_outcome_can_have_are_refused():
    with pytest.raises(ValueError, match="base: found 0"):
        power_remedy(SMALL._replace(base=0))
