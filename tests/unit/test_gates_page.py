"""docs/reference/gates.md says of every check what is so."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from comporta import gates
from comporta.checks import standard
from comporta.checks.shared.judging.bounds import On
from comporta.records import LEVELS, Outcome

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "gates.md").read_text()
LINES = {
    match[1]: (match[2], match[3].strip(), match[4].strip())
    for match in re.finditer(r"^\| `(\w+)\([^`]*\)` \| (.+) \| (\w+) \|(.*)\|$", PAGE, flags=re.M)
}


def constructors() -> dict[str, type]:
    """Every function that `comporta.checks` offers and that makes a check → the kind of check."""
    made = {}
    for name in gates.__all__:
        one = getattr(gates, name)
        kind = getattr(gates, str(getattr(one, "__annotations__", {}).get("return")), None)
        if inspect.isfunction(one) and inspect.isclass(kind):
            made[name] = kind
    return made


def default(name: str, of: str) -> Any:
    """What a constructor takes where nothing is said; else the field's own default."""
    taken = inspect.signature(getattr(gates, name)).parameters
    if of in taken:
        found = taken[of].default
        return getattr(getattr(gates, name)(), of) if found is None else found
    fields = {field.name: field.default for field in msgspec.structs.fields(constructors()[name])}
    return fields.get(of, "release") if of == "level" else ""


def test_every_check_has_its_line_and_nothing_else_has():
    assert sorted(LINES) == sorted(constructors())
    assert len(LINES) > 40


@pytest.mark.parametrize("name", sorted(LINES))
def test_a_line_tells_the_level_and_what_must_clear_the_limit(name):
    says, level, on = LINES[name]
    assert len(says) > 10
    assert (level, on) == (default(name, "level"), default(name, "on"))


def test_what_standard_requires_at_each_risk_is_what_the_page_says():
    kinds = constructors()
    named = {kind.__name__: name for name, kind in kinds.items()}

    def asked(risk: str) -> dict[str, bool]:
        return {named[type(each).__name__]: each.required for each in standard(risk)}

    low, medium, high = (asked(risk) for risk in ("low", "medium", "high"))
    expected = {
        "at every risk": {name for name in low if low[name]},
        'from `"medium"` on': {name for name in medium if medium[name] and not low[name]},
        'at `"high"`': {name for name in high if high[name] and not medium[name]},
        "never: informational": {name for name in high if not high[name]},
    }
    for words, names in expected.items():
        (line,) = re.findall(rf"^\| {re.escape(words)} \| (.+) \|$", PAGE, flags=re.M)
        assert set(re.findall(r"`(\w+)`", line)) == names, words


def test_every_outcome_every_level_and_every_way_to_judge_is_told():
    assert all(f"- **{outcome}**" in PAGE for outcome in get_args(Outcome))
    assert all(f"| `{level}` |" in PAGE for level in LEVELS)
    assert all(f'- `"{on}"`' in PAGE for on in get_args(On))
    assert "comporta waive VERSION CHECK" in PAGE and "*extraction*" in PAGE
