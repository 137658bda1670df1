"""`comporta audit verify`: the ledger, the directory of people, and the bytes of artifacts and datasets."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from comporta.acts.upkeep.storage import needed_artifacts
from comporta.data import list_datasets
from comporta.data import verify as verify_one
from comporta.errors import NotFound, Tampered
from comporta.ledger import Audit
from comporta.ledger import verify as verified
from comporta.ledger.signing import published_key
from comporta.opened.artifacts import ArtifactAudit
from comporta.opened.artifacts import verify_artifacts as verified_artifacts
from comporta.opened.dataset_versions import DATASETS
from comporta.opened.follow import require_known
from comporta.opened.people_seal import PREFIX, entry_changed_error, is_genuine, read_entry
from comporta.opened.project import PROJECTIONS, OpenProject
from comporta.records import Head, Record


class DataAudit(Record, frozen=True, kw_only=True):
    """The result of `verify_data`. objects, size: how many it read, and their bytes. faults: one sentence for
    each object that is missing or corrupt, and for each dataset whose log or manifests are wrong."""

    datasets: int
    objects: int
    size: int
    faults: tuple[str, ...]


def verify(opened: OpenProject, head: Head | None = None) -> Audit:
    """Verifies the chain and rebuilds and compares every projection. head: that an earlier audit printed.

    The public key that signs it is compared with `comporta.pub` beside the project's file, if there is one.
    """
    public = published_key(opened.root)
    return verified(opened.ledger, PROJECTIONS, opened.keys.chain, head, public=public)


def verify_artifacts(
    opened: OpenProject, on_progress: Callable[[str, int, int], None] | None = None
) -> ArtifactAudit:
    """Reads every byte of the artifacts that facts name, and compares it with its digest.

    on_progress: as in `verify_data`.
    """
    try:
        needed = needed_artifacts(opened.ledger)
    except (msgspec.MsgspecError, Tampered):
        needed = frozenset()  # a state that was changed: the ledger's own audit names it
    return verified_artifacts(opened, needed, on_progress)


def verify_people(opened: OpenProject) -> tuple[str, ...]:
    """The faults of the directory of people, one sentence each."""
    faults = []
    for each in opened.store.list(PREFIX):
        try:
            entry = read_entry(opened.store, each.name)
        except NotFound:
            continue  # forgotten since
        except Tampered as error:
            faults.append(str(error))
            continue
        if not is_genuine(opened.keys, each.name, entry):
            faults.append(str(entry_changed_error(opened.store, each.name, entry)))
    return tuple(faults)


def verify_data(opened: OpenProject, on_progress: Callable[[str, int, int], None] | None = None) -> DataAudit:
    """What was found wrong with the datasets, if anything: every byte that a version shows is read.

    on_progress: called with a dataset, the bytes of it read so far, and those there are. Raises WrongKey.
    """
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
    return DataAudit(datasets=len(names), objects=objects, size=size, faults=tuple(faults))
