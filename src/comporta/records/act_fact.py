"""What every fact of somebody's act has: by what it is known who it was."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from comporta.records.access import ActProof
from comporta.records.event import Fact


class ActFact(Fact, frozen=True, kw_only=True):
    """What somebody's act records. proof: by what it is known who it was; unset, and then not stored: by a
    name that was claimed."""

    proof: ActProof | UnsetType = UNSET
