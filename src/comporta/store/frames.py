"""Frames as artifacts: Parquet, equal frames in equal bytes. A process holds those that it read last."""

from __future__ import annotations

import io

import polars as pl

from comporta.records import Artifact, named_column  # noqa: F401
from comporta.store.context import StepContext, is_kept
from comporta.store.read_cache import READ_CACHE


def read(context: StepContext, artifact: Artifact) -> pl.DataFrame:
    """The frame. One that this process has read is not decoded again, as long as the store has it.
    Raises NotFound, Tampered."""
    held: pl.DataFrame | None = READ_CACHE.get(artifact.digest)
    if held is not None and is_kept(context.store, artifact):
        return held.clone()
    frame = pl.read_parquet(io.BytesIO(context.get(artifact)))
    READ_CACHE.put(artifact.digest, frame, int(frame.estimated_size()))
    return frame.clone()


def write(context: StepContext, frame: pl.DataFrame) -> Artifact:
    """The frame as Parquet, kept; equal frames are equal bytes."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", statistics=False)
    return context.put(buffer.getvalue(), "frame")
