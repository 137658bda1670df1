"""A version with today's ids of checks, which an older release called by their titles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from comporta.records import CheckRenaming, Verdict, Version, Waiver


def renames(version: Version, former: Sequence[tuple[str, CheckRenaming]]) -> dict[str, CheckRenaming]:
    """Former name → today's check, for those that the version holds.

    former: each of today's checks after the name that an older release gave it. Of two that had one name, the
    one whose declaration the version holds."""
    forms = _names(version)
    found: dict[str, CheckRenaming] = {}
    for name, check in former:
        same = check.former in forms.get(name, ())
        # A kind of the project's own keeps its name: then only its form is another.
        if name in forms and (same or (name not in found and name != check.check)):
            found[name] = check
    return found


def with_current_names(version: Version, names: Mapping[str, CheckRenaming], policy: str = "") -> Version:
    """The version as if it had been registered and judged under those ids.

    policy: its policy in today's forms, or empty."""
    if not names and not policy:
        return version
    asked = dict.fromkeys(names[each].check if each in names else each for each in version.required_checks)
    forms = {
        names[name].check if name in names else name: _form(names.get(name), form)
        for name, form in version.forms.items()
    }
    return replace(
        version,
        policy=policy or version.policy,
        required_checks=tuple(asked),
        forms=forms,
        verdicts=tuple(_verdict(each, names.get(each.check)) for each in version.verdicts),
        waivers=tuple(_waiver(each, names.get(each.check)) for each in version.waivers),
    )


def _names(version: Version) -> dict[str, set[str]]:
    """Name of a check → the forms that the version holds of it."""
    forms: dict[str, set[str]] = {name: set() for name in version.required_checks}
    for name, form in version.forms.items():
        forms.setdefault(name, set()).add(form)
    for verdict in version.verdicts:
        forms.setdefault(verdict.check, set()).add(verdict.form)
    for waiver in version.waivers:
        forms.setdefault(waiver.check, set()).add(waiver.form)
    return forms


def _form(renamed: CheckRenaming | None, form: str) -> str:
    """The form in today's terms; one that was declared otherwise stays, since the check has changed then."""
    return renamed.form if renamed is not None and form == renamed.former else form


def _verdict(verdict: Verdict, renamed: CheckRenaming | None) -> Verdict:
    if renamed is None:
        return verdict
    return replace(
        verdict, check=renamed.check, title=verdict.title or verdict.check, form=_form(renamed, verdict.form)
    )


def _waiver(waiver: Waiver, renamed: CheckRenaming | None) -> Waiver:
    if renamed is None:
        return waiver
    return replace(waiver, check=renamed.check, form=_form(renamed, waiver.form))
