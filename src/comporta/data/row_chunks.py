"""Rows of any source as frames of one size, one after another, so that memory does not grow with them."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from comporta.data.sources import Frames


def row_chunks(frames: Frames, size: int, *, skip: int = 0, window: int = 0) -> Iterator[pl.DataFrame]:
    """Frames of `size` rows each, in order, the last of at least one. skip: rows at the beginning that are
    left out. window: rows that a lazy frame is asked for at a time, where it finds them without reading those
    before; 0: all, of which polars reads ahead more than is taken."""
    held: list[pl.DataFrame] = []
    count = 0
    for frame in _read(frames, size, skip, window):
        held.append(frame)
        count += frame.height
        while count >= size:
            whole = pl.concat(held)
            yield whole.head(size)
            held, count = [whole.slice(size)], count - size
    if count:
        yield pl.concat(held)


def count_frame_rows(frames: Frames) -> int | None:
    """How many rows there are; None where only reading them all would tell."""
    if isinstance(frames, pl.DataFrame):
        return frames.height
    if isinstance(frames, pl.LazyFrame):
        return int(frames.select(pl.len()).collect(engine="streaming").item())
    return None


def _read(frames: Frames, size: int, skip: int, window: int) -> Iterator[pl.DataFrame]:
    if isinstance(frames, pl.LazyFrame):
        while window:
            count = 0
            for batch in frames.slice(skip, window).collect_batches(chunk_size=size, maintain_order=True):
                count += batch.height
                yield batch
            skip += count
            if count < window:
                return
        left = frames.slice(skip) if skip else frames
        yield from left.collect_batches(chunk_size=size, maintain_order=True)
        return
    for frame in [frames] if isinstance(frames, pl.DataFrame) else frames:
        some = frame.slice(skip)
        skip = max(skip - frame.height, 0)
        if some.height:
            yield some
