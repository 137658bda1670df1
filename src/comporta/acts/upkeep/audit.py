"""Verify, and export: the ledger, the directory of people, and the bytes of artifacts and datasets."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import msgspec

from comporta.acts.upkeep.storage import needed_artifacts, reachable
from comporta.acts.upkeep.store_match import find_unrecorded
from comporta.data import count_open_rows, list_datasets
from comporta.data import verify as verify_one
from comporta.errors import BadProject, ComportaError, NotFound, Refused, Tampered
from comporta.ledger import Audit
from comporta.ledger import verify as verified
from comporta.ledger.bundle import BundleAudit, ExportSummary
from comporta.ledger.bundle import check as verify_bundle
from comporta.ledger.bundle import export as export_chain
from comporta.ledger.signing import public_key, published_key
from comporta.opened.artifacts import ArtifactAudit, recorded_artifacts
from comporta.opened.artifacts import verify_artifacts as verified_artifacts
from comporta.opened.dataset_versions import DATASETS
from comporta.opened.follow import require_known
from comporta.opened.mentions import acting_ids
from comporta.opened.people import is_forgotten
from comporta.opened.people_seal import PREFIX, entry_changed_error, is_genuine, read_entry
from comporta.opened.permission import require_permission
from comporta.opened.project import PROJECTIONS, OpenProject
from comporta.opened.proof_audit import verify_proofs
from comporta.records import Head, Record
from comporta.store import artifact_name

_BACK = (
    "{url}/{place}: the entry of {id} is in the directory of people, though an event says that they were "
    "forgotten: a backup was restored, or the deletion was cut short. Delete it: comporta people forget {id}"
)
_LOST = (
    "{id}, who acted in event {seq}, is neither in the directory of people nor forgotten: their entry was "
    "deleted, so no approval of theirs counts. Restore people/ in {url} from a backup."
)


class DataAudit(Record, frozen=True, kw_only=True):
    """The result of `verify_data`. objects, size: how many it read, and their bytes. open: answers and
    labels that are not sealed into a version yet, so that no digest covers them. faults: one sentence for
    each object that is missing or corrupt, and for each dataset whose log or manifests are wrong."""

    datasets: int
    objects: int
    size: int
    open: int = 0
    faults: tuple[str, ...]


def verify(opened: OpenProject, head: Head | None = None) -> Audit:
    """Verifies the chain and rebuilds and compares every projection. head: that an earlier audit printed.

    The public key that signs it is compared with `comporta.pub` beside the project's file, if there is one.
    """
    require_permission(opened, "audit.read")
    public = published_key(opened.home)
    return verified(opened.ledger, PROJECTIONS, opened.keys.chain, head, public=public)


def export(opened: OpenProject, withhold: Collection[int], write: Callable[[str], object]) -> ExportSummary:
    """Writes the record of events, line by line, for others to verify with the project's public key.

    withhold: events whose body is left out. Raises Refused, BadProject, Tampered.
    """
    require_permission(opened, "audit.read")
    return export_chain(opened.ledger, public_key(opened.keys.chain), withhold, write)


def verify_export(file: Path, public: str = "", head: Head | None = None) -> BundleAudit:
    """Verifies what `export` wrote into this file; needs no project. public: the project's key; empty: that
    which the file names. head: of an earlier audit. Raises BadProject on a file that is none."""
    try:
        # As it is: else a carriage return at a line's end would not be seen.
        with file.open(encoding="utf-8", newline="\n") as lines:
            return verify_bundle(lines, public, head)
    except (OSError, UnicodeDecodeError) as error:
        raise BadProject(
            f"{file} cannot be read ({error}). Name a file of `comporta audit export`."
        ) from error


def verify_artifacts(
    opened: OpenProject, on_progress: Callable[[str, int, int], None] | None = None
) -> ArtifactAudit:
    """Reads every byte of the artifacts that facts name, and compares it with its digest.

    on_progress: as in `verify_data`.
    """
    require_permission(opened, "audit.read")
    try:
        needed = needed_artifacts(opened.ledger)
    except (msgspec.MsgspecError, Tampered):
        needed = frozenset()  # a state that was changed: the ledger's own audit names it
    return verified_artifacts(opened, needed, on_progress)


def verify_people(opened: OpenProject) -> tuple[str, ...]:
    """The faults of the directory of people, one sentence each: of its entries, of who acted, and of the
    proofs of who it was."""
    require_permission(opened, "audit.read")
    faults, there = [], set()
    for each in opened.store.list(PREFIX):
        try:
            entry = read_entry(opened.store, each.name)
        except NotFound:
            continue  # forgotten since
        except Tampered as error:
            faults.append(str(error))
            continue
        there.add(entry.id)
        if not is_genuine(opened.keys, each.name, entry):
            faults.append(str(entry_changed_error(opened.store, each.name, entry)))
        elif is_forgotten(opened, entry.id):
            faults.append(_BACK.format(url=opened.store.url, place=each.name, id=entry.id))
    try:
        acted = acting_ids(opened)
    except Tampered:
        acted = {}  # a row that is no event: the ledger's own audit names it
    faults += [
        _LOST.format(seq=seq, id=id, url=opened.store.url)
        for id, seq in acted.items()
        if id not in there and not is_forgotten(opened, id)
    ]
    return (*faults, *_faults_of_proofs(opened))


def _faults_of_proofs(opened: OpenProject) -> tuple[str, ...]:
    try:
        return verify_proofs(opened)
    except Tampered:
        return ()  # a row that is no event: the ledger's own audit names it


def verify_store(opened: OpenProject) -> tuple[str, ...]:
    """What the store holds and the ledger should have recorded, one sentence each; none where they belong
    together."""
    require_permission(opened, "audit.read")
    try:
        known = reachable(opened) | {artifact_name(each) for each in recorded_artifacts(opened.ledger)}
    except Refused as error:
        return (str(error),)
    except (msgspec.MsgspecError, ComportaError):
        return ()  # a state or a log that was changed: its own verification names it
    return find_unrecorded(opened, known)


def verify_data(opened: OpenProject, on_progress: Callable[[str, int, int], None] | None = None) -> DataAudit:
    """What was found wrong with the datasets, if anything: every byte that a version shows is read.

    on_progress: called with a dataset, the bytes of it read so far, and those there are. Raises WrongKey.
    """
    require_permission(opened, "audit.read")
    try:
        recorded = {fact.dataset for _, fact in opened.ledger.scan(DATASETS)}
    except Tampered:
        recorded = set()  # a state that was changed: the ledger's own audit names it
    names = sorted({*list_datasets(opened.store), *recorded})
    faults: list[str] = []
    objects = size = 0
    for name in names:

        def step(read: int, total: int, name: str = name) -> None:
            if on_progress is not None:
                on_progress(name, read, total)

        try:
            found = verify_one(opened.store, opened.keys, name, step)
            require_known(opened, name)
        except (NotFound, Tampered) as error:
            faults.append(str(error))
            continue
        objects, size = objects + found.objects, size + found.size
        faults += map(str, found.damaged)
    unsealed = sum(count_open_rows(opened.store, name) for name in names)
    return DataAudit(datasets=len(names), objects=objects, size=size, open=unsealed, faults=tuple(faults))
