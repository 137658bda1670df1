"""The names that checks had before they had ids: sentences that were reworded since, frozen as they were."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Held = Mapping[str, Any]
"""The fields of a check, by their former names."""


def _by(columns: Any) -> str:
    named = columns if isinstance(columns, str) else " and ".join(columns)
    return f" by {named}" if named else ""


def _way(of: Held) -> str:
    return f"{of['metric']} at {'least' if of['least'] else 'most'} {of['limit']:g}"


def _limits(of: Held) -> str:
    ends = ((of["least"], "least"), (of["most"], "most"))
    return " and ".join(f"at {way} {limit:g}" for limit, way in ends if limit is not None)


def _acceptance(of: Held) -> str:
    return f"accepted: {of['title']} {_limits(of)}".strip()


def _attribute_inference(of: Held) -> str:
    what = "answers and explanations give" if of["explanations"] else "answers give"
    knowing = f" to who knows {', '.join(of['knows'])}" if of["knows"] else ""
    return f"{what} away {of['of']}{knowing} by at most {of['advantage']:g}"


def _fairness(of: Held) -> str:
    called = {
        "parity": "demographic parity",
        "impact": "disparate impact",
        "odds": "equalised odds",
        "opportunity": "equal opportunity",
        "error": "error parity",
        "calibration": "calibration parity",
    }
    whose = f" of {of['favourable']}" if of["favourable"] else ""
    how = f"at least {of['limit']:g}" if of["criterion"] == "impact" else f"within {of['limit']:g}"
    return f"{called[of['criterion']]}{whose} by {' and '.join(of['by'])} {how}"


def _no_worse(of: Held) -> str:
    metric = "main metric" if of["metric"] == "main" else of["metric"]
    return f"{metric}{_by(of['by'])} no worse by more than {of['margin']:g}"


def _never(of: Held) -> str:
    ends = (("above", of["above"]), ("below", of["below"]))
    what = of["decision"] or " or ".join(f"{word} {value:g}" for word, value in ends if value is not None)
    return f"never {what} when {getattr(of['when'], '__name__', type(of['when']).__name__)}"


def _contamination(of: Held) -> str:
    apart = [*of["entities"], *(["subject"] if of["subjects"] else [])]
    whole = f", no {' or '.join(apart)} in both parts" if apart else ""
    return f"at most {100 * of['twins']:g} % of test rows seen in training{whole}"


def _duplicates(of: Held) -> str:
    contradictory = f"{100 * of['contradictory']:g} % contradictory"
    return f"at most {100 * of['at_most']:g} % of training rows are duplicates, {contradictory}"


def _evasion(of: Held) -> str:
    whose = f" of {of['unwanted']}" if of["unwanted"] else ""
    cost = f"at a cost of {of['cost']:g}: at most {100 * of['most']:.4g} % flip"
    return f"evasion{whose} by {', '.join(of['changeable'])} {cost}"


def _expectations(of: Held) -> str:
    but = f" but for {100 * of['at_most']:g} % of rows" if of["at_most"] else ""
    return f"the data is as declared{but}"


def _feature_quality(of: Held) -> str:
    limits = [f"{of['broken']} broken"]
    limits += [f"{of['idle']} idle"] if of["idle"] is not None else []
    limits += [f"{100 * of['outliers']:g} % of values far outside"] if of["outliers"] is not None else []
    return f"features are sound: at most {', '.join(limits)}"


def _fit_gap(of: Held) -> str:
    whose = f" of {of['metric']}" if of["metric"] else ""
    return f"fit gap{whose} at most {of['at_most']:g}"


def _identifiers(of: Held) -> str:
    most = of["at_most"]
    return f"at most {most} features are identifiers" if most else "no feature is an identifier"


def _importance_change(of: Held) -> str:
    also = "" if of["ranks"] is None else f", no top feature by more than {of['ranks']} ranks"
    return f"at most {100 * of['moved']:.4g} % of importance moved{also}"


def _limit(of: Held) -> str:
    return f"{of['metric']}{_by(of['by'])} at {'least' if of['least'] else 'most'} {of['limit']:g}"


def _membership(of: Held) -> str:
    strict = "" if of["tpr_at_01pct"] is None else f" and {of['tpr_at_01pct']:.3g} at 0.1 %"
    by = f", {of['fits']} fits" if of["fits"] else ""
    return f"membership told for at most {of['tpr_at_1pct']:.3g} at 1 % false positives{strict}{by}"


def _noise(of: Held) -> str:
    lost = of["metric_lost"]
    also = "" if lost is None else f", loses at most {lost:g} {of['metric']}".rstrip()
    far = "" if of["extreme"] is None else f", an extreme at most {of['extreme']:.4g}"
    return f"noise of {of['at']:g} spreads changes at most {100 * of['flips']:.4g} % of decisions{also}{far}"


def _privacy_structure(of: Held) -> str:
    usual = {"kept": 0.0, "leaves": 0.1, "weights": 1.0, "words": None}
    other = [f"{name} {of[name]}" for name in usual if of[name] != usual[name]]
    return "structure holds no rows" + (f" ({', '.join(other)})" if other else "")


def _proxy(of: Held) -> str:
    which = "no proxy of" if of["features"] else "answers do not tell"
    return f"{which} {of['of']} above {of['limit']:g}"


def _monotone(of: Held) -> str:
    whose = f"the chance of {of['of']} " if of["of"] else ""
    slack = f" by more than {of['tolerance']:g}" if of["tolerance"] > 1e-9 else ""
    proved = ", by proof" if of["proof"] else ""
    return f"{whose}never {'falls' if of['increasing'] else 'rises'}{slack} as {of['feature']} rises{proved}"


def _within(of: Held) -> str:
    ends = (("at least", of["low"]), ("at most", of["high"]))
    limits = " and ".join(f"{way} {limit:g}" for way, limit in ends if limit is not None)
    whose = f"chances of {of['of']}" if of["of"] else "answers"
    return f"{whose} {limits}{', by proof' if of['proof'] else ''}"


def _stress(of: Held) -> str:
    ends = (("p99", of["p99_ms"]), ("p50", of["p50_ms"]))
    named = [f"{name} at most {limit:g} ms" for name, limit in ends if limit is not None]
    return f"stress: {', '.join([*named, 'rubbish refused'])}"


def _time_travel(of: Held) -> str:
    excused = f", {', '.join(of['timeless'])} taken as timeless" if of["timeless"] else ""
    return f"no feature comes from the future{excused}"


def _better_than_champion(of: Held) -> str:
    room = f" by {of['by_at_least']:g}" if of["by_at_least"] else ""
    return f"{of['metric']}{_by(of['by'])} better than the champion{room}"


def _weak_slices(of: Held) -> str:
    against = {"constant": "a constant's there", "overall": "the loss of all rows"}[of["against"]]
    return f"weak slices lose at most {of['at_most']:g} times {against}"


NAMES: Mapping[str, Callable[[Held], str]] = {
    "acceptance": _acceptance,
    "attribute_inference": _attribute_inference,
    "baselines": lambda of: f"beats the naive by {of['naive']:g}, a tree and a line by {of['simple']:g}",
    "fairness": _fairness,
    "calibration": lambda of: f"calibrated within {of['error']:g}, bias{_by(of['by'])} within {of['bias']:g}",
    "no_worse": _no_worse,
    "never": _never,
    "contamination": _contamination,
    "duplicates": _duplicates,
    "evasion": _evasion,
    "expectations": _expectations,
    "explanation": lambda of: f"explanations add up to the answer within {of['residual']:g}",
    "feature_drift": lambda of: (
        f"important features drifted by at most {of['most']:g}, all by at most {of['weighted']:g}"
    ),
    "feature_quality": _feature_quality,
    "fit_gap": _fit_gap,
    "identifiers": _identifiers,
    "importance_change": _importance_change,
    "label_errors": lambda of: f"at most {100 * of['at_most']:g} % of labels contradicted",
    "learning_curve": lambda of: f"the last doubling of rows gains at least {of['gain']:g}",
    "limit": _limit,
    "membership": _membership,
    "noise": _noise,
    "parity": lambda of: f"served answers within {of['tolerance']:g} of research",
    "backtest": lambda of: f"backtest {_way(of)} in each of {of['windows']} windows",
    "replay": lambda of: f"replay {_way(of)}",
    "personal_data": lambda of: (
        "no personal data" + (f" outside of {', '.join(of['allow'])}" if of["allow"] else "")
    ),
    "prediction_drift": lambda of: (
        f"predictions drifted by at most {of['most']:g}, rates by at most {of['rates']:g} times"
    ),
    "privacy_structure": _privacy_structure,
    "proxy": _proxy,
    "scenario": lambda of: f"scenario {of['title']}: {of['metric']} {_limits(of)}",
    "monotone": _monotone,
    "within": _within,
    "single_feature": lambda of: (
        f"no feature alone tells the target: at most {of['at_most']:g}, {of['gap']:g} lost from training "
        "to test"
    ),
    "stress": _stress,
    "time_travel": _time_travel,
    "better_than_champion": _better_than_champion,
    "weak_slices": _weak_slices,
}
"""Kind → what such a check was called, from its former fields."""
