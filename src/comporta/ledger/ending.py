"""Before anything is appended, the chain's last event must be signed with this project's key.

Each signature covers everything before it, by the link. So who can write the database but has no key can
change what is stored, but can never make us sign on top of it.
"""

from __future__ import annotations

from typing import Any

from comporta.errors import Tampered
from comporta.ledger.protocol import Row
from comporta.ledger.signing import Signer, is_signed
from comporta.ledger.stored import is_event, is_written, plain
from comporta.records.event import Head
from comporta.records.record import Record

SignedRow = tuple[Any, Any, Any, Any]
"""A signed head as it is stored: seq, link, signature, public key."""


class Ending(Record, frozen=True, kw_only=True):
    """Where a chain ends as stored: the last event's seq, hash, time, leaf, the newest head's seq and link.
    None: there is none."""

    seq: Any = None
    hash: Any = None
    at: Any = None
    leaf: Any = None
    signed_seq: Any = None
    signed_link: Any = None


def ending_of(last: Row | None, head: tuple[Any, Any] | None) -> Ending:
    """head: seq and link of the newest signed head."""
    seq, at, *_, leaf, _, hash_ = last or [None] * 9
    signed_seq, link = head or (None, None)
    return Ending(seq=seq, hash=hash_, at=at, leaf=leaf, signed_seq=signed_seq, signed_link=link)


def require_signed_end(
    ending: Ending, last: Row | None, head: SignedRow | None, *, project: str, key: bytes, signer: Signer
) -> None:
    """Raises Tampered unless this project's key signed the chain up to its last event.

    last: the row of that event; head: of the newest signed head. An empty chain has neither. The keyed
    chain's last event needs none: its own hash is of the key.
    """
    if last is None and head is None:
        return
    if last is not None:
        row: Row = tuple(map(plain, last))
        if is_event(row) and is_written(key, project, row, row[0]):
            if row[6] is None and head is None:
                return
            if row[6] is not None and head is not None and _signs(head, row, project, signer):
                return
    raise Tampered(
        f"ledger: event {ending.seq!r}, the last one, is not what this project signed. It, or its signed "
        "head, was changed, added or taken away, so nothing is appended to it. `comporta audit verify` names "
        "what is wrong; restore the ledger from a backup."
    )


def _signs(head: SignedRow, row: Row, project: str, signer: Signer) -> bool:
    seq, link, signature, public = map(plain, head)
    if (seq, link, public) != (row[0], row[8], signer.public) or type(signature) is not bytes:
        return False
    return is_signed(signer.public, signature, project, Head(seq=seq, hash=link))
