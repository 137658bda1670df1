"""A joined table laid out in files by a process of its own, so that no request waits while it is.

Rows that a dataset gained become a part with every row of the keys that gained some; where that is more than
half of the table, or the parts become many, and after an update or an erasure, the table is written anew.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import polars as pl

from comporta.data.asof import needed_columns
from comporta.data.dataset_log import read_log
from comporta.data.features_match import matchable
from comporta.data.features_timeline import unit_for
from comporta.data.fragments import ResolvedFragment, scan_live_rows
from comporta.data.groups import group_fragments
from comporta.data.manifests import find_version, resolve_fragments, schema_of, slice_of_manifest
from comporta.data.online_file import frame_of_part, write_part
from comporta.data.online_keys import key_digests
from comporta.data.online_source import physical
from comporta.data.online_table import TableIndex, table_index
from comporta.data.read import scan_slice
from comporta.data.types import parse_type
from comporta.errors import ComportaError, StorageFull, first_line
from comporta.opened.stored_data import data_context
from comporta.opened.table_files import (
    DRAFT,
    LOCK,
    PARTS,
    HeldTable,
    PartRecord,
    TableAsk,
    TableState,
    hold_table,
    part_record,
    sweep_drafts,
)
from comporta.project.settings import settings
from comporta.records import Record, decode, encode
from comporta.store import StepContext
from comporta.store.disk import in_plain_words

MOST_PARTS = 8


class TableOrder(Record, frozen=True, kw_only=True):
    """What a writer is started with. root: the project's folder. folder: the table's. whole: whether a window
    may not be longer than its table's history."""

    root: str
    folder: str
    ask: TableAsk
    state: TableState
    whole: bool


class TableFailure(Record, frozen=True, kw_only=True):
    """Why there is no part. full: whether only space, or the right to write, was missing."""

    message: str
    full: bool


def main(order: TableOrder) -> int:
    """Writes the part: 0; or says why not."""
    try:
        root = Path(order.root)
        write_table(data_context(settings(root), root), order)
    except ComportaError as error:
        return _fail(TableFailure(message=str(error), full=isinstance(error, StorageFull)))
    except OSError as error:
        return _fail(TableFailure(message=f"{order.folder}: {error.strerror or error}.", full=True))
    # The boundary of the process: who started it says it, in a line.
    except Exception as error:
        return _fail(TableFailure(message=f"{type(error).__name__}: {first_line(error)}.", full=False))
    return 0


def write_table(context: StepContext, order: TableOrder) -> None:
    """Writes the newest part of a state. The turn is the caller's, who has the ledger open: here it is
    not opened. Raises BadProject, NotFound, Tampered, StorageFull, OSError."""
    store, keys = context.store, context.keys
    folder, ask, state = Path(order.folder), order.ask, order.state
    sweep_drafts(folder)
    dataset = ask.join.dataset
    history = read_log(store, keys, dataset)
    manifest = find_version(store, keys, history, dataset, state.number)
    fragments = {_fragment_id(each): each for each in resolve_fragments(history, manifest)}
    requests = pl.Schema({name: parse_type(text) for name, text in ask.requests.items()})
    part = older = None
    if (found := _find_base(folder, ask, set(fragments))) is not None:
        held, record = found
        gained = [stand for id, stand in fragments.items() if id not in record.fragments]
        rows = scan_live_rows(store, dataset, group_fragments(store, history, gained), schema_of(manifest))
        frame = needed_columns(rows, ask.join, ask.shape).collect()
        part, older = _gained_part(folder, ask, record, held, frame, requests, state.number), record.parts
        held.release()
    if part is None:
        slice = slice_of_manifest(store, keys, history, manifest)
        table = needed_columns(scan_slice(store, keys, slice), ask.join, ask.shape).collect()
        part, older = (
            table_index(table, ask.join, ask.shape, requests, version=state.number, whole=order.whole),
            (),
        )
    put_part(folder, state, part, older or (), tuple(fragments))


def put_part(
    folder: Path, state: TableState, part: TableIndex, older: tuple[str, ...], fragments: tuple[str, ...]
) -> None:
    """Writes a part beside its place, and gives it its name. Raises StorageFull, BadProject."""
    draft = folder / f"{state.name}{DRAFT}-{os.getpid()}"
    record = PartRecord(parts=(state.name, *older), fragments=fragments, rows=_height(part))
    with in_plain_words(str(folder)):
        try:
            draft.mkdir(mode=0o700)
            write_part(part, draft)
            for name, data in ((LOCK, b""), (PARTS, encode(record))):
                with (draft / name).open("xb") as file:
                    file.write(data)
            # Not made durable: what is there after a power cut is deleted by the first server that starts.
            draft.rename(folder / state.name)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise


def _find_base(folder: Path, ask: TableAsk, fragments: set[str]) -> tuple[HeldTable, PartRecord] | None:
    """The state whose parts cover the most of these fragments and nothing else, held."""
    found = [(each.name, record) for each in folder.iterdir() if (record := part_record(each)) is not None]
    fit = [
        (name, record)
        for name, record in found
        if record.fragments and fragments.issuperset(record.fragments)
    ]
    for name, record in sorted(fit, key=lambda each: -len(each[1].fragments)):
        number, _, digest = name.partition("-")
        held = hold_table(folder, ask, TableState(number=int(number), digest=digest))
        if held is not None:
            return held, record
    return None


def _gained_part(
    folder: Path,
    ask: TableAsk,
    record: PartRecord,
    held: HeldTable,
    gained: pl.DataFrame,
    requests: pl.Schema,
    version: int,
) -> TableIndex | None:
    """Every row of the keys that gained some; None where the table is rather written anew."""
    if len(record.parts) >= MOST_PARTS:
        return None
    line = held.table.line
    keys = matchable(gained, list(ask.join.on.values()), line.types).drop_nulls().unique()
    digests = key_digests(physical(keys).iter_rows())
    rows = [gained]
    for part in held.table.parts:
        codes = part.keys.codes_of(digests)
        rows.append(frame_of_part(part, codes[codes >= 0]))
        digests = digests[codes < 0]
    # Another type, or a finer unit of time, than the older parts have.
    if any(each.schema != gained.schema for each in rows[1:]) or line.unit != unit_for(
        ask.shape, gained.schema
    ):
        return None
    sizes = [_height(each) for each in held.table.parts]
    if 2 * (sum(each.height for each in rows) + sum(sizes[:-1])) > sizes[-1]:
        return None
    return table_index(pl.concat(rows), ask.join, ask.shape, requests, version=version)


def _height(part: TableIndex) -> int:
    return int(np.asarray(part.keys.starts)[-1]) if len(part.keys.starts) else 0


def _fragment_id(stand: ResolvedFragment) -> str:
    return " ".join((stand.named.id, stand.now.id, *stand.named.masks))


def _fail(failure: TableFailure) -> int:
    sys.stdout.buffer.write(encode(failure))
    sys.stdout.flush()
    return 2


if __name__ == "__main__":
    os.nice(10)  # requests go first
    sys.exit(main(decode(sys.argv[1], TableOrder)))
