"""What each check of a model declares, as digests: what a candidate is held to once it was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from comporta.acts.judge.checks import checks
from comporta.acts.judge.pool import declared_facts, facts_read_by
from comporta.checks import form, functions_in, needs, policy
from comporta.checks.former import former
from comporta.opened.permission import Permission
from comporta.opened.project import OpenProject
from comporta.project import Model
from comporta.project.reference import name_of
from comporta.records import Check, CheckRenaming, Column, DatasetSchema, Record, Version, encode
from comporta.records.access import Scope
from comporta.records.record import unusual
from comporta.registry import renames, with_current_names

ALWAYS = {"group", "split"}
"""What decides every figure: which rows it is of, and which of them are one unit."""

DECIDES = ALWAYS | {"known", "metrics", "shapes", "slices"}
"""What a model declares beside its gates that may decide what they ask."""

_FORMER_SHAPE = {"name", "key", "subject", "time", "arrived", "delay", "columns", "fresh"}
_FORMER_COLUMN = {
    *("name", "type", "nulls", "at_least", "at_most", "one_of", "unique", "personal", "meaning", "breach"),
}


class Formerly(Record, frozen=True, kw_only=True):
    """What a version holds under the names of an older release, and which of today's checks that is.

    renamed: former name → today's check. as_policy: what the policy that it was asked for is today, or empty.
    """

    renamed: dict[str, CheckRenaming] = {}
    as_policy: str = ""

    def __call__(self, version: Version) -> Version:
        """The version in today's names."""
        return with_current_names(version, self.renamed, self.as_policy)


class Forms(Record, frozen=True, kw_only=True):
    """Of a model's checks. now: id → digest. formerly: former name → what the check was and is."""

    now: dict[str, str]
    former: tuple[tuple[str, CheckRenaming], ...]
    former_policy: str

    @property
    def policy(self) -> str:
        """The digest of what a candidate is asked to pass."""
        return policy((), self.now)

    def of(self, version: Version) -> Formerly:
        """Which of what the version holds is a check of today under its former name."""
        same = version.policy == self.former_policy
        return Formerly(renamed=renames(version, self.former), as_policy=self.policy if same else "")


def require_policy(
    who: Permission, declared: Forms, before: Version | None, approvals: int | None = None
) -> None:
    """Raises Forbidden where a model's gates are others than those of the version before, or fewer approvals
    are needed, and who asks may not change that. approvals: that a new version will need; None: there is
    none."""
    if before is not None:
        now = declared.of(before)(before)
        fewer = approvals is not None and approvals < before.needed
        if fewer or declared.policy not in (now.policy, now.judged_by):
            who.also("policy.edit", Scope(model=before.model))


def forms(opened: OpenProject, model: Model) -> Forms:
    """The digests of each check's limits, of the code that its functions and its own kind reach, and of what
    the model tells to its measuring; and what they were while names and places counted. Raises BadProject on
    a check that is no plain data."""
    gates = checks(model)
    now = {check.name: form(check, _beside(opened, model, check)) for check in gates}
    then = [former(check, _beside(opened, model, check, former=True)) for check in gates]
    known = {check.name: each for check, each in zip(gates, then, strict=True) if each is not None}
    return Forms(
        now=now,
        former=tuple(
            (each.name, CheckRenaming(check=name, former=each.form, form=now[name]))
            for name, each in known.items()
        ),
        former_policy=policy((), {name: each.form for name, each in known.items()}),
    )


def _beside(opened: OpenProject, model: Model, check: Check, *, former: bool = False) -> bytes:
    mine = functions_in(check)
    names = sorted({name_of(each, opened.root) for each in mine})
    # The team's own kinds judge in this process; what is measured runs in another, from what is written.
    here = any(isinstance(each, type) for each in mine)
    deciding = sorted(ALWAYS | (facts_read_by(needs((check,))) & DECIDES))
    facts = _former_facts(model) if former else _facts(model)
    return encode(
        {
            "code": opened.engine.code_digest(names, here=here, former=former) if names else "",
            "model": {name: facts[name] for name in deciding},
        }
    )


def _facts(model: Model) -> dict[str, Any]:
    """What is told of the model; of each record in it what is not as usual, so that a field which records
    gain changes no form."""
    records = {
        "split": model.split,
        "shapes": {table.name: table.shape() for table in model.features.tables()},
    }
    return {**declared_facts(model), **{name: _spell(each) for name, each in records.items()}}


def _spell(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        tag = value.__struct_config__.tag
        kind = {"type": tag} if tag is not None else {}
        return {**kind, **{name: _spell(each) for name, each in unusual(value).items()}}
    if isinstance(value, Mapping):
        return {name: _spell(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [_spell(each) for each in value]
    return msgspec.to_builtins(value)


def _former_facts(model: Model) -> dict[str, Any]:
    """The same as an older release told it: every field that its records had, and no other."""
    return {
        **declared_facts(model),
        "shapes": {each.name: _former_shape(each.shape()) for each in model.features.tables()},
    }


def _former_shape(shape: DatasetSchema) -> dict[str, Any]:
    fields = {name: each for name, each in msgspec.to_builtins(shape).items() if name in _FORMER_SHAPE}
    return {**fields, "columns": [_former_column(each) for each in shape.columns]}


def _former_column(column: Column) -> dict[str, Any]:
    return {name: each for name, each in msgspec.to_builtins(column).items() if name in _FORMER_COLUMN}
