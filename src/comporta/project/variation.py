"""A variation of a project: other parameters and settings of its models, tried without editing its file."""

from __future__ import annotations

import inspect
import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from comporta.errors import BadProject
from comporta.project.faults import project_faults, raise_faults
from comporta.project.model import Model
from comporta.project.project import ProjectDeclaration
from comporta.records import Record

PARAM, SET = "--param", "--set"
ANY = "*"
SETTINGS = (
    "seed", "positive", "threshold", "weight", "output", "task", "metrics", "business", "slices", "group",
    "limits.seconds", "limits.memory",
)  # fmt: skip
"""What can be set: how a model is fitted and measured. Never what lets it pass: its gates and approvals."""


class Variation(Record, frozen=True, kw_only=True):
    """Other values than the project file's. params: of `fit`, by name. settings: fields of the model. A name
    that begins with a model's, as `late.depth`, is of that model alone."""

    params: dict[str, Any] = {}
    settings: dict[str, Any] = {}

    @property
    def words(self) -> tuple[str, ...]:
        """The options of `comporta run` that ask for it."""
        return tuple(
            word
            for option, values in ((PARAM, self.params), (SET, self.settings))
            for name, value in values.items()
            for word in (option, f"{name}={_text(value)}")
        )


def run_command(models: Iterable[str], variation: Variation) -> str:
    """`run late --param depth=8`: what a run is recorded as."""
    return shlex.join(("run", *models, *variation.words))


def parse_assignments(option: str, texts: Iterable[str]) -> dict[str, Any]:
    """Name → value of texts such as `depth=8` or `slices=["plan"]`: JSON where it is some, else the text.

    Raises BadProject on a text without `=`, and on a name that is given twice."""
    found: dict[str, Any] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            example = "depth=8" if option == PARAM else "seed=3"
            raise BadProject(f"{option}: found {text!r}, expected NAME=VALUE, such as {example}.")
        if name.strip() in found:
            raise BadProject(f"{option}: found {name.strip()!r} twice. Give it once.")
        found[name.strip()] = _value(value)
    return found


def vary(
    project: ProjectDeclaration, root: Path, models: Iterable[str], variation: Variation
) -> ProjectDeclaration:
    """The project with these values in the models of these names; none: in all of them that have such a one.

    Raises BadProject on a name that none of them has, naming what there is, and on a value that does not
    fit."""
    if not variation.words or raise_faults(project, root):
        return project
    known = {model.name for model in project.models}
    wanted = {*models} or known
    if wanted - known:
        return project  # which is said where the models are looked up
    among = [model for model in project.models if model.name in wanted]
    params = _of_each(project, among, PARAM, variation.params, _parameters)
    settings = _of_each(project, among, SET, variation.settings, lambda model: SETTINGS)
    varied = replace(
        project,
        models=tuple(
            _with_values(model, params.get(model.name, {}), settings.get(model.name, {}))
            for model in project.models
        ),
    )
    before = {fault.message for fault in project_faults(project, root)}
    # Without file and line: it is the option that is to be corrected.
    new = [each.message for each in project_faults(varied, root) if each.message not in before]
    if new:
        raise BadProject(f"{shlex.join(variation.words)}: {' '.join(new)}")
    return varied


def _of_each(
    project: ProjectDeclaration,
    among: list[Model],
    option: str,
    values: Mapping[str, Any],
    names_of: Callable[[Model], tuple[str, ...]],
) -> dict[str, dict[str, Any]]:
    """Model → the values for it, by name."""
    known = {model.name for model in project.models}
    found: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        head, _, rest = name.partition(".")
        alone = head in known and bool(rest)
        field = rest if alone else name
        takers = [model for model in among if model.name == head] if alone else among
        takers = [model for model in takers if {field, ANY} & {*names_of(model)}]
        if not takers:
            raise BadProject(f"{option}: found {name!r}, expected one of: {_all_names(among, names_of)}.")
        for model in takers:
            found.setdefault(model.name, {})[field] = value
    return found


def _all_names(among: list[Model], names_of: Callable[[Model], tuple[str, ...]]) -> str:
    names = dict.fromkeys(name for model in among for name in names_of(model))
    return ", ".join(names) or "none, for `fit` takes no parameters"


def _parameters(model: Model) -> tuple[str, ...]:
    """What `fit` takes beside X and y; `*`: anything."""
    try:
        takes = list(inspect.signature(model.fit).parameters.values())
    except (TypeError, ValueError):  # compiled callables tell nothing of what they take
        return (ANY,)
    free = [each for each in takes[2:] if each.kind is not each.VAR_POSITIONAL]
    return tuple(ANY if each.kind is each.VAR_KEYWORD else each.name for each in free)


def _with_values(model: Model, params: Mapping[str, Any], settings: Mapping[str, Any]) -> Model:
    if not params and not settings:
        return model
    fields: dict[str, Any] = {"params": {**model.params, **params}}
    limits = model.limits
    for name, value in settings.items():
        head, _, inner = name.partition(".")
        if inner:
            limits = replace(limits, **{inner: value})
            fields["limits"] = limits
        else:
            fields[head] = tuple(value) if isinstance(value, list) else value
    return replace(model, **fields)


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return text


def _text(value: Any) -> str:
    if isinstance(value, str) and _value(value) == value:
        return value
    return msgspec.json.encode(value).decode()
