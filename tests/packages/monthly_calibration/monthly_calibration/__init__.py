"""A check that lives outside Comporta: in no month are the predicted chances far from what happened."""

from monthly_calibration.check import MonthlyCalibration, calibrated_each_month

__all__ = ["MonthlyCalibration", "calibrated_each_month"]
