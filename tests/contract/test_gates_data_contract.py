"""The checks of data and of the champion behave as every check must."""

from comporta.checks import (
    better_than_champion,
    contamination,
    duplicates,
    feature_quality,
    identifiers,
    label_errors,
    no_time_travel,
    single_feature,
)
from comporta.records import Figure
from comporta.testing.checks import CheckContract


def figures(**found):
    """Each by its id: a value, or a value and its interval; `x_minus_champion`: against the champion."""
    made = []
    for name, each in found.items():
        value, low, high = each if isinstance(each, tuple) else (each, each, each)
        metric = name.removesuffix("_minus_champion")
        against = "" if metric == name else "champion"
        made.append(Figure(metric=metric, compared_with=against, value=value, low=low, high=high, rows=1000))
    return tuple(made)


class TestContamination(CheckContract):
    check = staticmethod(lambda: contamination())
    good = figures(keys_in_both_parts=0.0, twins_in_both_parts=(0.001, 0.0, 0.003))
    bad = figures(keys_in_both_parts=0.0, twins_in_both_parts=(0.03, 0.02, 0.04))


class TestDuplicates(CheckContract):
    check = staticmethod(lambda: duplicates(required=True))
    good = figures(duplicates=0.01, contradictory_duplicates=0.0)
    bad = figures(duplicates=0.01, contradictory_duplicates=0.2)


class TestFeatureQuality(CheckContract):
    check = staticmethod(lambda: feature_quality())
    good = figures(broken_features=0.0)
    bad = figures(broken_features=1.0)


class TestIdentifiers(CheckContract):
    check = staticmethod(lambda: identifiers(required=True))
    good = figures(identifiers=0.0)
    bad = figures(identifiers=2.0)


class TestLabelErrors(CheckContract):
    check = staticmethod(lambda: label_errors(required=True))
    good = figures(labels_contradicted=(0.02, 0.01, 0.03))
    bad = figures(labels_contradicted=(0.08, 0.07, 0.09))


class TestTimeTravel(CheckContract):
    check = staticmethod(lambda: no_time_travel())
    good = figures(rows_joined_before_known=0.0, rows_joined_to_future=0.0, joins_without_times=0.0)
    bad = figures(rows_joined_before_known=0.0, rows_joined_to_future=0.0, joins_without_times=1.0)


class TestSingleFeature(CheckContract):
    check = staticmethod(lambda: single_feature())
    good = figures(told_by_one_feature=(0.9, 0.88, 0.92), told_in_training_only=(0.01, -0.01, 0.03))
    bad = figures(told_by_one_feature=(0.999, 0.995, 1.0), told_in_training_only=(0.01, -0.01, 0.03))


class TestBetterThanChampion(CheckContract):
    check = staticmethod(lambda: better_than_champion("roc_auc", 0.01))
    good = figures(roc_auc_minus_champion=(0.03, 0.02, 0.04))
    bad = figures(roc_auc_minus_champion=(0.015, -0.01, 0.04))
