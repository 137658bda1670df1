"""A version in today's names: what an older release called by titles is the same check under its id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from comporta.records import Renamed, Verdict, Version, Waiver


def renames(version: Version, former: Sequence[tuple[str, Renamed]]) -> dict[str, Renamed]:
    """Which of these the version holds by their former names. former: each of today's checks after the name
    that an older release gave it. Of two that had one name it is the one that declares what the version
    holds."""
    held = _names(version)
    found: dict[str, Renamed] = {}
    for name, check in former:
        same = check.former in held.get(name, ())
        # A kind of the project's own keeps its name: then only its form is another.
        if name in held and (same or (name not in found and name != check.check)):
            found[name] = check
    return found


def with_current_names(version: Version, names: Mapping[str, Renamed], policy: str = "") -> Version:
    """The version as if it had been asked for and judged by those names. policy: what the policy that it was
    asked for is in today's forms, or empty."""
    if not names and not policy:
        return version
    asked = dict.fromkeys(names[each].check if each in names else each for each in version.asked)
    forms = {
        names[name].check if name in names else name: _form(names.get(name), form)
        for name, form in version.forms.items()
    }
    return replace(
        version,
        policy=policy or version.policy,
        asked=tuple(asked),
        forms=forms,
        verdicts=tuple(_verdict(each, names.get(each.check)) for each in version.verdicts),
        waivers=tuple(_waiver(each, names.get(each.check)) for each in version.waivers),
    )


def _names(version: Version) -> dict[str, set[str]]:
    """Each name that the version holds → the forms that it holds of it."""
    held: dict[str, set[str]] = {name: set() for name in version.asked}
    for name, form in version.forms.items():
        held.setdefault(name, set()).add(form)
    for verdict in version.verdicts:
        held.setdefault(verdict.check, set()).add(verdict.form)
    for waiver in version.waivers:
        held.setdefault(waiver.check, set()).add(waiver.form)
    return held


def _form(renamed: Renamed | None, form: str) -> str:
    """What was declared in another form stays so: then the check has changed since, as it would have."""
    return renamed.form if renamed is not None and form == renamed.former else form


def _verdict(verdict: Verdict, renamed: Renamed | None) -> Verdict:
    if renamed is None:
        return verdict
    return replace(
        verdict, check=renamed.check, title=verdict.title or verdict.check, form=_form(renamed, verdict.form)
    )


def _waiver(waiver: Waiver, renamed: Renamed | None) -> Waiver:
    if renamed is None:
        return waiver
    return replace(waiver, check=renamed.check, form=_form(renamed, waiver.form))
