"""Frames as artifacts: Parquet, equal frames in equal bytes."""

from __future__ import annotations

import io

import polars as pl

from comporta.records import Artifact
from comporta.store.desk import Desk


def read(desk: Desk, artifact: Artifact) -> pl.DataFrame:
    """The frame. Raises NotFound, Tampered."""
    return pl.read_parquet(io.BytesIO(desk.get(artifact)))


def write(desk: Desk, frame: pl.DataFrame) -> Artifact:
    """The frame as Parquet, kept; equal frames are equal bytes."""
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", statistics=False)
    return desk.put(buffer.getvalue(), "frame")
