"""Whether a slice that was read is as it was: fresh, erased, or unknown because of what."""

from __future__ import annotations

from comporta.data.dataset_log import read_log
from comporta.data.fragments import ResolvedFragment
from comporta.data.manifests import in_time, read_manifest, reads_as
from comporta.errors import ComportaError, NotFound, Tampered, first_line
from comporta.records import Message, Slice, Staleness
from comporta.records.staleness import (
    DIFFERS,
    LOG_CUT,
    LOG_MISSING,
    MANIFEST_MISSING,
    STORE_FAILED,
    TAMPERED,
    VERSION_REPLACED,
)
from comporta.store import Keys, Store


def staleness(store: Store, keys: Keys, part: Slice) -> Staleness:
    """The answer for one slice. Nothing is raised for what the store or its bytes are at fault of: that is
    `unknown`, for only a redaction in the log tells of an erasure."""

    def unknown(cause: Message) -> Staleness:
        return Staleness(dataset=part.dataset, answer="unknown", cause=cause)

    try:
        history = read_log(store, keys, part.dataset)
        if not history.n:
            return unknown(LOG_MISSING())
        ids = {number: id for number, id, _ in history.versions}
        if part.number not in ids:
            return unknown(LOG_CUT(number=part.number))
        if ids[part.number] != part.version:
            return unknown(VERSION_REPLACED(number=part.number))
        try:
            manifest = read_manifest(store, keys, part.dataset, part.version)
        except NotFound:
            return unknown(MANIFEST_MISSING(number=part.number))
        if reads_as(store, keys, history, manifest, part):
            return Staleness(dataset=part.dataset, answer="fresh")
    except Tampered as error:
        return unknown(TAMPERED(what=_line(error)))
    except (ComportaError, OSError) as error:
        return unknown(STORE_FAILED(why=_line(error)))
    named = [ResolvedFragment(each, each) for segment in manifest.segments for each in segment.fragments]
    moved = any(each.named.id in history.moved for each in in_time(named, part.since, part.until))
    return Staleness(dataset=part.dataset, answer="erased") if moved else unknown(DIFFERS())


def _line(error: Exception) -> str:
    """Its first line, without the full stop, for it stands inside a sentence."""
    return first_line(getattr(error, "strerror", None) or error).rstrip(".")
