"""A kept model, opened. A process that opened it lately copies what it holds, in a tenth of the time."""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy
from typing import Any

from comporta.records import Artifact
from comporta.store.context import StepContext, is_kept
from comporta.store.read_cache import READ_CACHE
from comporta.train.codecs import from_bytes, header_of
from comporta.train.frames import Reads

COPIED = "skops"
"""The codec whose models are plain objects: a copy of another may be slower, or share what it runs on."""
WIDER = 8
"""How many times its packed bytes a model is taken to fill in memory."""


def open_model(context: StepContext, model: Artifact) -> tuple[Any, Reads]:
    """The estimator, the caller's own, and what it reads. Raises NotFound, Tampered, BadProject."""
    held = READ_CACHE.get(model.digest)
    if held is not None and is_kept(context.store, model):
        estimator, reads = held
        return deepcopy(estimator), reads
    data = context.get(model)
    estimator, reads = from_bytes(data, context.codecs)
    if header_of(data).codec == COPIED:
        with suppress(Exception):  # the project's own classes: one that refuses is decoded each time
            READ_CACHE.put(model.digest, (deepcopy(estimator), reads), WIDER * len(data))
    return estimator, reads
