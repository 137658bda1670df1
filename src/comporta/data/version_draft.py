"""One attempt at a version: what of its rows is new, what it hides, and the fragments and masks that say so.

Rows that changed or went are not rewritten where they lie: a mask hides them, and their new form goes into a
new segment. What an attempt writes is reached by no one until its log entry is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from comporta.data.column_types import begins_anew
from comporta.data.compaction import merge_fragments
from comporta.data.dataset_log import DatasetLog
from comporta.data.fragments import (
    ADDRESS,
    BINS,
    ResolvedFragment,
    masked_row_numbers,
    scan_live_rows,
    write_fragment,
    write_mask,
)
from comporta.data.keys import PLACE, earlier_marks
from comporta.data.manifests import (
    count_shown_rows,
    resolve_fragments,
    schema_of,
)
from comporta.data.match import KeyMatch, match_keys
from comporta.data.periods import APPENDED, to_join
from comporta.data.runs import RangeCounts, SortedRuns
from comporta.data.types import parse_type
from comporta.records import Change, DatasetSchema, Fragment, Manifest, Segment, encode
from comporta.records.named_column import exact_column
from comporta.store import Keys, Store, digest

_MASKS = 8  # more objects than this for one fragment are put together into one
_WORN = 0.5  # a fragment that hides more than this share of its rows is written anew


class VersionDraft:
    """One attempt at a version, on top of the log as it was read. It writes objects, and commits nothing."""

    def __init__(
        self,
        store: Store,
        keys: Keys,
        shape: DatasetSchema,
        runs: SortedRuns,
        history: DatasetLog,
        base: Manifest | None,
        change: Change,
        columns: dict[str, str],
        scratch: Path,
        within: tuple[datetime, datetime] | None,
        period: str = "",
        nan_is_missing: bool = False,
    ) -> None:
        self.store, self.keys, self.shape, self.runs, self.history = store, keys, shape, runs, history
        self.base, self.change, self.columns, self.scratch, self.within = (
            base,
            change,
            columns,
            scratch,
            within,
        )
        self.period = period or (APPENDED if change != "replace" else "")
        self.nan_is_missing = nan_is_missing
        self.anew = base is not None and begins_anew(base, shape, columns, change)
        self.stands: list[ResolvedFragment] = (
            [] if base is None or self.anew else resolve_fragments(history, base)
        )
        self.left = [count_shown_rows(store, shape.name, stand) for stand in self.stands]
        self.hides: dict[int, list[pl.Series]] = {}
        self.added = self.removed = 0

    def manifest(self, now: datetime) -> Manifest | None:
        """What the next version would be; None when it would show the rows that the base shows."""
        made = self._write(self._new_rows())
        base = self.base
        if base is not None and not self.anew and not self.added and not self.removed:
            return None
        segments = () if base is None or self.anew else self._hide(base)
        if made:
            id = digest(self.keys.content, encode([each.id for each in made]))
            segments = (*segments, Segment(id=id, fragments=tuple(made), period=self.period))
        if self.period:
            segments = self._put_together(segments, now)
        if self.anew and base is not None:
            self.removed = sum(
                count_shown_rows(self.store, self.shape.name, each)
                for each in resolve_fragments(self.history, base)
            )
        draft = Manifest(
            dataset=self.shape.name,
            number=1 if base is None else base.number + 1,
            parent=None if base is None else base.id,
            change=self.change,
            at=now,
            shape=self.shape,
            columns=self.columns,
            segments=segments,
            rows=0,
            added=self.added,
            removed=self.removed,
        )
        rows = sum(
            count_shown_rows(self.store, self.shape.name, each)
            for each in resolve_fragments(self.history, draft)
        )
        return msgspec.structs.replace(draft, rows=rows)

    def write_all(self) -> None:
        """Fragments of all these rows, as if none stood. If a damaged fragment was made of them, that puts
        it right: the same rows give the same bytes under the same name."""
        self._write((self._welcome(self.runs.part(low, high)), low, high) for low, high in self.runs.cuts())

    def _new_rows(self) -> Iterator[tuple[pl.DataFrame, int, int]]:
        """Rows to add by range of bins, in order; rows to hide are noted on the way."""
        beside = _counts(self.stands) if self.change == "replace" and self.stands else None
        # Of the columns that these rows have: those they lack say nothing of whether a row has changed.
        schema = {name: parse_type(text) for name, text in self.columns.items() if name in self.runs.schema}
        for low, high in self.runs.cuts(beside):
            part = self._welcome(self.runs.part(low, high))
            if self.stands:
                found: KeyMatch = match_keys(
                    self.store,
                    self.keys,
                    self.shape,
                    self.stands,
                    schema,
                    part,
                    self.change,
                    (low, high),
                    self.within,
                    self.nan_is_missing,
                )
                part = found.new
                self._note(found.hide)
            self.added += len(part)
            if not part.is_empty():
                yield part, low, high

    def _welcome(self, part: pl.DataFrame) -> pl.DataFrame:
        """Less the rows of subjects who were forgotten: both what came before and what came after that."""
        if not self.history.forgotten or self.shape.subject is None:
            return part
        forgotten = pl.Series(sorted(self.history.forgotten), dtype=pl.UInt64).implode()
        # Who was forgotten by an earlier Comporta is known by the text as it stood then.
        before = earlier_marks(part[self.shape.subject], self.keys, self.shape.form).is_in(forgotten)
        gone = pl.col(PLACE).is_in(forgotten) | before.fill_null(False)
        return part.filter(~(gone & exact_column(self.shape.subject).is_not_null()))

    def _write(self, parts: Iterable[tuple[pl.DataFrame, int, int]]) -> list[Fragment]:
        """Fragments of a good size; one is encoded and synced while the next is sorted."""
        futures: list[Future[Fragment]] = []
        with ThreadPoolExecutor(1) as pool:
            for frame, low, high in _merge_parts(parts, self.runs.fragment // 2):
                if len(futures) > 1:
                    futures[-2].result()  # two fragments in memory, not more
                futures.append(
                    pool.submit(
                        write_fragment, self.store, self.keys, self.shape, frame, (low, high), self.scratch
                    )
                )
        return [each.result() for each in futures]

    def _note(self, addresses: pl.Series) -> None:
        """More rows to hide. Of a fragment that shows none any more, their numbers are let go."""
        frame = pl.DataFrame({"at": addresses // (1 << 32), "row": (addresses % (1 << 32)).cast(pl.UInt32)})
        for (at,), part in frame.partition_by("at", as_dict=True).items():
            place = int(at)
            self.left[place] -= len(part)
            self.removed += len(part)
            self.hides.setdefault(place, []).append(part["row"])
            if not self.left[place]:
                self.hides[place].clear()

    def _hide(self, base: Manifest) -> tuple[Segment, ...]:
        """The base's segments with more rows hidden; fragments that show none are gone."""
        left = {stand.named.id: rest for stand, rest in zip(self.stands, self.left, strict=True)}
        worn: dict[str, Fragment] = {}
        masks: dict[str, pl.Series] = {}
        more: dict[str, int] = {}
        merged: set[str] = set()
        for at, parts in self.hides.items():
            stand = self.stands[at]
            id = stand.named.id
            if not left[id]:
                continue
            hidden = pl.concat(parts)
            more[id] = len(hidden)
            if left[id] < stand.now.rows * (1 - _WORN):
                worn[id] = self._rewrite(stand, hidden)
            elif len(stand.named.masks) >= _MASKS:
                old = masked_row_numbers(self.store, self.shape.name, [stand.named])[id].cast(pl.UInt32)
                masks[id] = pl.concat([old, hidden])
                merged.add(id)
            else:
                masks[id] = hidden
        mask = write_mask(self.store, self.keys, self.shape.name, masks, self.scratch) if masks else ""
        segments = []
        for segment in base.segments:
            kept: list[Fragment] = []
            for fragment in segment.fragments:
                if left.get(fragment.id, 0) == 0:
                    continue
                if fragment.id in worn:
                    kept.append(worn[fragment.id])
                elif fragment.id in masks:
                    kept.append(
                        msgspec.structs.replace(
                            fragment,
                            masks=(mask,) if fragment.id in merged else (*fragment.masks, mask),
                            hidden=fragment.hidden + more[fragment.id],
                        )
                    )
                else:
                    kept.append(fragment)
            if kept:
                segments.append(msgspec.structs.replace(segment, fragments=tuple(kept)))
        return tuple(segments)

    def _put_together(self, segments: tuple[Segment, ...], now: datetime) -> tuple[Segment, ...]:
        """The segments, small ones of a period as one. A manifest names every segment: were each flush of a
        log one for ever, manifests would outgrow the rows."""
        out: list[Segment | None] = list(segments)
        schema = {name: parse_type(text) for name, text in self.columns.items()}
        for places in to_join(segments, now):
            tail = [fragment for at in places for fragment in segments[at].fragments]
            found = [
                ResolvedFragment(named, each)
                for named in tail
                if (each := self.history.resolve(named)) is not None
            ]
            made = merge_fragments(
                self.store, self.keys, self.shape, found, schema, self.scratch, addressed=False
            )
            for at in places:
                out[at] = None
            if made:
                id = digest(self.keys.content, encode([each.id for each in made]))
                out[places[-1]] = Segment(id=id, fragments=made, period=segments[places[-1]].period)
        return tuple(segment for segment in out if segment is not None)

    def _rewrite(self, stand: ResolvedFragment, hidden: pl.Series) -> Fragment:
        """What is left of a fragment, as a fragment of its own."""
        schema = schema_of(self.base) if self.base is not None else {}
        frame = scan_live_rows(self.store, self.shape.name, [stand], schema, addressed=True)
        kept = frame.filter(~pl.col(ADDRESS).is_in(hidden.cast(pl.UInt64).implode())).drop(ADDRESS).collect()
        bins = (stand.now.low >> 48, (stand.now.high >> 48) + 1)
        return write_fragment(self.store, self.keys, self.shape, kept, bins, self.scratch)


def _merge_parts(
    parts: Iterable[tuple[pl.DataFrame, int, int]], enough: int
) -> Iterator[tuple[pl.DataFrame, int, int]]:
    """Neighbouring parts put together until they are worth a file."""
    held: list[pl.DataFrame] = []
    first = last = size = 0
    for frame, low, high in parts:
        if not held:
            first = low
        held.append(frame)
        last = high
        size += int(frame.estimated_size())
        if size >= enough:
            yield pl.concat(held), first, last
            held, size = [], 0
    if held:
        yield pl.concat(held), first, last


def _counts(found: Sequence[ResolvedFragment]) -> RangeCounts:
    """Rows by bin, as if spread evenly within each fragment."""
    counts = np.zeros(BINS, dtype=np.float64)
    for stand in found:
        low, high = stand.now.low >> 48, (stand.now.high >> 48) + 1
        counts[low:high] += stand.now.rows / (high - low)
    return counts
