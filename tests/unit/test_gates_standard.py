"""What `standard()` asks of each class of risk, and how deeply a version must be judged for it."""

import pytest

from comporta.checks import judge, level_of, standard
from comporta.errors import BadProject


def required(risk: str) -> dict[str, str]:
    """Its required checks → the level from which each is asked."""
    return {each.name: level_of(each) for each in standard(risk) if each.required}


def test_a_higher_class_of_risk_requires_all_that_a_lower_one_does_and_more():
    low, medium, high = (set(required(risk)) for risk in ("low", "medium", "high"))
    assert low < medium < high


def test_only_a_high_risk_must_be_audited_before_it_is_released():
    assert "audit" not in {*required("low").values(), *required("medium").values()}
    audited = {name for name, level in required("high").items() if level == "audit"}
    assert audited == {"stress", "learning_curve?gain=-0.05"}


def test_what_alarms_on_sound_models_never_closes_the_way():
    kinds = {type(each).__name__ for each in standard("high") if not each.required}
    assert {"LabelErrors", "Membership", "FitGap"} <= kinds


def test_every_risk_asks_the_same_checks_and_without_evidence_the_required_are_closed():
    assert len({tuple(each.name for each in standard(risk)) for risk in ("low", "medium", "high")}) == 1
    checks = standard("high")
    for check, verdict in zip(checks, judge(checks, {}), strict=True):
        assert verdict.opens is not check.required


def test_another_risk_is_refused():
    with pytest.raises(BadProject, match="found the risk 'huge', expected one of low, medium, high"):
        standard("huge")
