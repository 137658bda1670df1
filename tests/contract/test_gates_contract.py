"""Every check, through the suite that is shipped for checks made elsewhere."""

from comporta.checks import at_least, at_most, no_worse
from comporta.records import Figure
from comporta.testing.checks import CheckContract


def figure(metric, value, low, high, slice=""):
    return Figure(metric=metric, value=value, low=low, high=high, rows=1000, groups=1000, slice=slice)


class TestAtLeast(CheckContract):
    check = staticmethod(lambda: at_least("roc_auc", 0.7))
    good = (figure("roc_auc", 0.75, 0.74, 0.76),)
    bad = (figure("roc_auc", 0.65, 0.64, 0.66),)


class TestAtLeastBySlice(CheckContract):
    check = staticmethod(lambda: at_least("roc_auc", 0.7, by="carrier"))
    good = (figure("roc_auc", 0.75, 0.74, 0.76, "carrier=A"), figure("roc_auc", 0.8, 0.7, 0.9, "carrier=B"))
    bad = (*good, figure("roc_auc", 0.71, 0.6, 0.8, "carrier=C"))


class TestAtMostAsAReport(CheckContract):
    check = staticmethod(lambda: at_most("log_loss", 0.5, required=False))
    good = (figure("log_loss", 0.4, 0.35, 0.45),)
    bad = (figure("log_loss", 0.6, 0.55, 0.65),)


class TestOnTheValueAlone(CheckContract):
    check = staticmethod(lambda: at_least("accuracy", 0.7, on="value"))
    good = (figure("accuracy", 0.71, 0.6, 0.8),)
    bad = (figure("accuracy", 0.69, 0.6, 0.8),)


class TestNoWorse(CheckContract):
    check = staticmethod(lambda: no_worse("roc_auc", margin=0.01))
    good = (figure("roc_auc", 0.002, -0.004, 0.008),)
    bad = (figure("roc_auc", -0.03, -0.04, -0.02),)


class TestNoWorseWhereLessIsBetter(CheckContract):
    check = staticmethod(lambda: no_worse("rmse", margin=0.1))
    good = (figure("rmse", -0.2, -0.3, 0.05),)
    bad = (figure("rmse", 0.2, 0.15, 0.3),)
