"""What of a version computes: its model and its feature functions, with the libraries that are installed, or
with those that it was made with, in a process of its own environment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from comporta.engine.lock import changes_here
from comporta.errors import ComportaError, LiveFileRead, MissingExtra, Refused
from comporta.opened.environment_client import EnvironmentClient, order_of
from comporta.opened.environment_messages import EnvironmentAsk
from comporta.opened.environments import LOCK, built_environment, environment_folder, lock_of, note_use
from comporta.opened.isolated import IsolatedSource
from comporta.opened.lineage import QUESTIONS
from comporta.opened.live_files import live_folder
from comporta.opened.project import OpenProject
from comporta.records import Codec, Signature, Version
from comporta.records.environment_lock import LockedChange
from comporta.records.recipe import CODECS
from comporta.serve import ModelScores
from comporta.stats.classes import labels_from
from comporta.train import Predictor, load_predictor, trial_rows
from comporta.train.predictor import TrialRows

_PARTS = ("model", "signature", "trial", "parity", "onnx")
"""What a model is loaded from."""
_SHOWN = 3


class VersionFunctions(NamedTuple):
    """predict: features by name → scores. fast, row: the same from numbers, and of one row alone; None: by
    names alone. compute: the feature functions. probe: rows that it must answer. apart: whether another
    process answers. forms: from how many rows on which form of the model answers."""

    signature: Signature
    predict: Callable[[pl.DataFrame], ModelScores]
    fast: Callable[[Any], ModelScores] | None
    compute: tuple[Callable[[Any], Any], ...]
    probe: pl.DataFrame | None
    apart: bool = False
    forms: tuple[tuple[int, str], ...] = ()
    row: Callable[[bytes], tuple[Any, Any]] | None = None


def version_functions(
    opened: OpenProject, version: Version, laid: Path, compute: Sequence[str]
) -> VersionFunctions:
    """Those of a version that answers its trial rows as it did where it was made: here if it does so here,
    else in its own environment, if that is built. laid: the folder of its source.

    Raises NotFound and Tampered on damaged parts; Refused where it must have its environment first; where no
    library is another than then, what loading it raises.
    """
    source = IsolatedSource(laid, live_folder(opened.root))
    try:
        return _functions_here(opened, version, source, compute)
    except LiveFileRead:
        raise
    # A boundary: with other libraries loading may raise anything, and answers be others.
    except Exception as error:
        # First: damaged bytes are no matter of libraries.
        parts = {name: opened.context.get(version.parts[name]) for name in _PARTS if name in version.parts}
        changes = changes_here(lock_of(opened, version)) if LOCK in version.parts else ()
        if not changes:
            raise
        folder = environment_folder(opened, version)
        if built_environment(folder) is None:
            raise _refusal(version, error, changes) from error
        order = order_of(laid, opened.root, parts, _codecs_of(opened, version), tuple(compute))
        try:
            client = EnvironmentClient(version.id, folder, *order)
        except Exception as fault:  # as above
            raise Refused(
                f"{version.id}: neither what is installed here can load it ({error}), nor its environment "
                f"({fault}). Build that again: comporta env {version.id}"
            ) from fault
        note_use(folder)
        return _functions_apart(opened, version, client, compute)


def _functions_here(
    opened: OpenProject, version: Version, source: IsolatedSource, compute: Sequence[str]
) -> VersionFunctions:
    with source.enter():  # a kept model may be of the project's own classes
        predictor = load_predictor(
            opened.context, version.parts, own=lambda: _own_codecs(opened, version, source), by_size=True
        )
    predictor.self_test()
    return VersionFunctions(
        signature=predictor.signature,
        predict=lambda frame: ModelScores.of(predictor.predict(frame)),
        fast=lambda rows: ModelScores.of(predictor.fast(rows)),
        compute=source.functions(compute),
        probe=trial_rows(predictor),
        forms=predictor.forms,
        row=predictor.row(),
    )


def _functions_apart(
    opened: OpenProject, version: Version, client: EnvironmentClient, compute: Sequence[str]
) -> VersionFunctions:
    context, parts = opened.context, version.parts
    signature = context.get_json(parts["signature"], Signature)
    trial = context.get_json(parts["trial"], TrialRows) if "trial" in parts else None

    def function(place: int, ref: str) -> Callable[[Any], Any]:
        def ask(frame: pl.DataFrame) -> pl.DataFrame:
            return client.ask(EnvironmentAsk(compute=place), frame)

        ask.__name__ = ref.rpartition(":")[2]
        return ask

    return VersionFunctions(
        signature=signature,
        predict=lambda frame: scores_of(client.ask(EnvironmentAsk(), frame), signature),
        fast=None,
        compute=tuple(function(place, ref) for place, ref in enumerate(compute)),
        probe=trial_rows(Predictor(signature, None, "polars", None, trial)),
        apart=True,
    )


def scores_of(frame: pl.DataFrame, signature: Signature) -> ModelScores:
    """What a process answered, as its predictor would have."""
    if signature.task == "regression":
        return ModelScores(frame["prediction"].cast(pl.Float64).to_numpy(), None)
    label = probability = None
    if "label" in frame.columns:
        dtype = labels_from(signature.classes, signature.label).dtype
        label = np.array(frame["label"].to_list(), dtype=dtype)
    if "0" in frame.columns:
        probability = frame.drop("label", strict=False).to_numpy()
    return ModelScores(label, probability)


def _refusal(version: Version, error: Exception, changes: Sequence[LockedChange]) -> ComportaError:
    """The error for a person: what is another, and what to do."""
    more = f", {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
    told = ", ".join(str(each) for each in changes[:_SHOWN])
    way = f"Build the environment that it was made with, and it answers from there: comporta env {version.id}"
    text = f"{version.id}: it does not work with the libraries here ({told}{more}): {error} {way}"
    return MissingExtra(text) if isinstance(error, MissingExtra) else Refused(text)


def _codecs_of(opened: OpenProject, version: Version) -> tuple[str, ...]:
    """References to those of the project's own that it was fitted with."""
    asked = (opened.ledger.get(QUESTIONS, recipe) for recipe in version.steps.values())
    fits = (each.recipe.uses for each in asked if each is not None and each.recipe.run == "train.fit")
    return tuple(next(fits, {}).get(CODECS, ()))


def _own_codecs(opened: OpenProject, version: Version, source: IsolatedSource) -> tuple[Codec, ...]:
    return tuple(made() for made in source.functions(_codecs_of(opened, version)))
