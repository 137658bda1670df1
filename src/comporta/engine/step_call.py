"""Runs one step function here and now: resolves it, seeds what is random, hands it its arguments."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import msgspec

from comporta import errors
from comporta.engine.step_functions import Steps
from comporta.project.reference import error_line, resolve
from comporta.records import Artifact, Asset, Recipe, Slice
from comporta.records.arguments import names_by_id
from comporta.records.executor import Done
from comporta.records.extras import install_advice
from comporta.records.recipe import CODECS, COMPUTE, FIT
from comporta.store import StepContext


def call(recipe: Recipe, context: StepContext, root: Path, steps: Steps) -> dict[str, Asset]:
    """The step's outputs. Raises what it raises, and TypeError when it returns anything else."""

    def function_of(ref: str) -> Any:
        return resolve(steps.reference(ref), root)

    function = function_of(recipe.run)
    uses = {
        name: function_of(ref) if isinstance(ref, str) else [function_of(each) for each in ref]
        for name, ref in recipe.uses.items()
        if name not in (FIT, CODECS, COMPUTE)  # counted as code, but not handed over
    }
    if CODECS in recipe.uses:
        own = tuple(function_of(ref)() for ref in recipe.uses[CODECS])
        context = msgspec.structs.replace(context, codecs=own)
    given = {**recipe.inputs, **uses, **recipe.params}
    names = names_by_id(function)
    for name in ("seed", "random_state"):
        if name in names and name not in given:
            given[name] = recipe.seed
    seed(recipe.seed)
    outputs: Any = function(context, **{names.get(id, id): value for id, value in given.items()})
    if not isinstance(outputs, dict) or not all(
        isinstance(name, str) and isinstance(asset, Artifact | Slice) for name, asset in outputs.items()
    ):
        raise TypeError(f"{recipe.run} returned {type(outputs).__name__}, expected a dict of assets by name")
    return outputs


def seed(number: int) -> None:
    """Python's, NumPy's and torch's generators, as far as they are loaded."""
    random.seed(number)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(number % 2**32)
    if (torch := sys.modules.get("torch")) and hasattr(torch, "manual_seed"):
        torch.manual_seed(number)


def failure_of(error: BaseException, root: Path) -> Done:
    """What to tell of an exception: one line, the user's file and line in it."""
    if isinstance(error, errors.ComportaError):
        kind = type(error).__name__
        kind = kind if hasattr(errors, kind) else "ComportaError"
        return Done(how="raised", error=kind, message=str(error), reason=error.reason or kind)
    if isinstance(error, MemoryError):
        return Done(
            how="raised",
            error="StepFailed",
            message=error_line(error, root) or "out of memory",
            reason="MemoryError",
            raised="MemoryError",
        )
    raised = type(error).__name__
    line, advice = error_line(error, root), install_advice(error)
    message = f"{line}. {advice}" if advice else line
    return Done(how="raised", error="StepFailed", message=message, reason=raised, raised=raised)
