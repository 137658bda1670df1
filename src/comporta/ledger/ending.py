"""Before anything is appended, the chain's last event must be signed with this project's key.

Each signature covers everything before it, by the link. So who can write the database but has no key can
change what is stored, but can never make us sign on top of it.
"""

from __future__ import annotations

from typing import Any

from comporta.errors import Tampered
from comporta.ledger.protocol import EventRow, HeadRow
from comporta.ledger.signing import Signer, is_signed
from comporta.ledger.stored import is_event, is_written
from comporta.records.event import Head
from comporta.records.record import Record


class Ending(Record, frozen=True, kw_only=True):
    """Where a chain ends as stored: the last event's seq, hash, time, leaf, the newest head's seq and link.
    None: there is none."""

    seq: Any = None
    hash: Any = None
    at: Any = None
    leaf: Any = None
    signed_seq: Any = None
    signed_link: Any = None


def ending_of(last: EventRow | None, head: Head | None) -> Ending:
    """head: the newest that was signed."""
    event = {} if last is None else {"seq": last.seq, "hash": last.hash, "at": last.at, "leaf": last.leaf}
    signed = {} if head is None else {"signed_seq": head.seq, "signed_link": head.hash}
    return Ending(**event, **signed)


def require_signed_end(
    ending: Ending, last: EventRow | None, head: HeadRow | None, *, project: str, key: bytes, signer: Signer
) -> None:
    """Raises Tampered unless this project's key signed the chain up to its last event.

    last: the row of that event; head: of the newest signed head. An empty chain has neither. The keyed
    chain's last event needs none: its own hash is of the key.
    """
    if last is None and head is None:
        return
    if last is not None and is_event(last) and is_written(key, project, last, last.seq):
        if last.leaf is None and head is None:
            return
        if last.leaf is not None and head is not None and _signs(head, last, project, signer):
            return
    raise Tampered(
        f"ledger: event {ending.seq!r}, the last one, is not what this project signed. It, or its signed "
        "head, was changed, added or taken away, so nothing is appended to it. `comporta audit verify` names "
        "what is wrong; restore the ledger from a backup."
    )


def _signs(head: HeadRow, row: EventRow, project: str, signer: Signer) -> bool:
    expected = HeadRow(seq=row.seq, link=row.hash, signature=head.signature, key=signer.public)
    if head != expected or type(head.signature) is not bytes:
        return False
    return is_signed(signer.public, head.signature, project, Head(seq=row.seq, hash=row.hash))
