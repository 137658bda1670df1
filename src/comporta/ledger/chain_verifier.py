"""Verifying a chain row by row: links, leaves, numbers, times, signed heads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from comporta.errors import ComportaError
from comporta.ledger import faults as found
from comporta.ledger.chain import link, moment
from comporta.ledger.faults import LedgerFault, What
from comporta.ledger.protocol import Row
from comporta.ledger.signing import is_signed
from comporta.ledger.stored import event_of, is_event, is_written, plain
from comporta.records.event import Event, Head
from comporta.records.facts import ChainContinued
from comporta.records.message import Message
from comporta.records.record import decode

MAX_REPORTED = 100  # faults listed one by one; the rest are counted


class FaultList(list[LedgerFault]):
    """The faults found so far."""

    def add(self, what: What, message: Message, **where: Any) -> None:
        self.append(LedgerFault(what=what, message=message, **where))


class ChainVerifier:
    """Verifies one project's chain. key: of its keyed part. public: what its heads must be signed with.

    heads: as stored, in order of seq.
    """

    def __init__(
        self,
        project: str,
        key: bytes,
        public: str,
        heads: Iterator[tuple[Any, Any, Any, Any]],
        faults: FaultList,
    ) -> None:
        self._project, self._key, self._public = project, key, public
        self.events = self.keyed = self.signed = self.seq = self.backwards = 0
        self._faults = faults
        self._heads = self._valid_heads(heads)
        self._next_head = next(self._heads, None)
        self._wrong: list[Row] = []
        self._at: int | None = None
        self._under_head = True
        self.hash = ""
        # Event → time, kind and schema as they are stored: nothing covers them but what says of the removal.
        self.bodiless: dict[int, tuple[int, str, int]] = {}

    def follow(self, row: Row, head: Head | None) -> Event | None:
        """Verifies the next row; its event, if it can be decoded, whatever else is wrong with it."""
        row = tuple(map(plain, row))
        seq, at, kind, _, _, _, its_leaf, prev, hash_ = row
        self.events += 1
        if type(seq) is not int:
            # The text, fraction or bytes in its place stand at no place in the chain.
            self._faults.add("unreadable", found.FIELD_TYPE(seq=self.seq + 1), seq=self.seq + 1)
            return None
        if seq < 1:
            self._faults.add("number", found.NUMBER(seq=seq), seq=seq)
            return None
        if seq != self.seq + 1:
            first, last = self.seq + 1, seq - 1
            missing = (
                found.MISSING(seq=first) if first == last else found.MISSING_MANY(first=first, last=last)
            )
            self._faults.add("removed", missing, seq=first)
        elif prev != self.hash:
            self._faults.add("changed", found.FOLLOWS(seq=seq), seq=seq)
        before = Head(seq=self.seq, hash=self.hash)
        self.seq, self.hash = seq, str(hash_)
        if head is not None and head.seq == seq and head.hash != hash_:
            self._faults.add("rewritten", found.OTHER_HEAD(seq=seq), seq=seq)
        self._under_head = False
        self._follow_heads(seq)
        if not is_event(row):
            self._faults.add("unreadable", found.FIELD_TYPE(seq=seq), seq=seq)
            return None
        if its_leaf is None:
            self._verify_keyed(row)
        else:
            self._verify_leaf(row, before)
        self._verify_time(seq, at, kind, its_leaf is None)
        try:
            moment(at)
        except OverflowError:
            return None
        return event_of(row, self._project)

    def end(self) -> None:
        """Faults of the whole chain: heads beyond its end, moved events, an end without a signed head."""
        while self._next_head is not None:
            self._faults.add("signature", found.SIGNED_OTHER(seq=self._next_head[0]), seq=self._next_head[0])
            self._next_head = next(self._heads, None)
        if self.events > self.keyed and not self._under_head:
            self._faults.add("signature", found.UNSIGNED(seq=self.seq), seq=self.seq)
        for row in self._wrong:
            for other in self._wrong:
                if other[0] != row[0] and is_written(self._key, self._project, row, other[0]):
                    self._faults.add("moved", found.MOVED(seq=row[0], other=other[0]), seq=row[0])

    def _verify_keyed(self, row: Row) -> None:
        seq, kind = row[0], row[2]
        if self.keyed < self.events - 1:
            self._faults.add("changed", found.KEYED_LATE(seq=seq, kind=kind), seq=seq)
        self.keyed += 1
        # Nothing signs it: the keyed chain's end is its last event.
        self._under_head = True
        if not is_written(self._key, self._project, row, seq):
            self._add_changed(row)

    def _verify_leaf(self, row: Row, before: Head) -> None:
        seq, at, kind, schema, salt, body, its_leaf, prev, hash_ = row
        if hash_ != link(prev, its_leaf):
            self._faults.add("changed", found.RELINKED(seq=seq, kind=kind), seq=seq)
            self._wrong.append(row)
        elif salt is None or body is None:
            self.bodiless[seq] = (at, kind, schema)
        elif not is_written(self._key, self._project, row, seq):
            self._add_changed(row)
        if self.keyed and self.keyed == self.events - 1 and not _continues(kind, body, before):
            self._faults.add("changed", found.NOT_CONTINUED(seq=seq, kind=kind), seq=seq)

    def _add_changed(self, row: Row) -> None:
        self._faults.add("changed", found.CHANGED(seq=row[0], kind=row[2]), seq=row[0])
        if len(self._wrong) < MAX_REPORTED:
            self._wrong.append(row)

    def _verify_time(self, seq: int, at: int, kind: str, keyed: bool) -> None:
        if self._at is not None and at < self._at:
            if keyed:
                self.backwards += 1  # its writers took the clock as it was
            else:
                self._faults.add("time", found.BACKWARDS(seq=seq, kind=kind), seq=seq)
        self._at = at

    def _valid_heads(self, heads: Iterator[tuple[Any, Any, Any, Any]]) -> Iterator[tuple[Any, Any, Any, Any]]:
        """Those that name an event."""
        for each in heads:
            if type(each[0]) is int:
                yield each
            else:
                self._faults.add("signature", found.SIGNATURE(seq=self.seq), seq=self.seq)

    def _follow_heads(self, seq: int) -> None:
        while self._next_head is not None and self._next_head[0] <= seq:
            at, hash_, signature, key = self._next_head
            if at != seq or hash_ != self.hash:
                self._faults.add("signature", found.SIGNED_OTHER(seq=at), seq=at)
            elif key != self._public:
                self._faults.add("key", found.SIGNED_BY(seq=at, key=str(key)), seq=at)
            elif not is_signed(self._public, signature, self._project, Head(seq=at, hash=hash_)):
                self._faults.add("signature", found.SIGNATURE(seq=at), seq=at)
            else:
                self.signed += 1
                self._under_head = True
            self._next_head = next(self._heads, None)


def _continues(kind: str, body: bytes | None, before: Head) -> bool:
    if kind != ChainContinued.kind or body is None:
        return False
    try:
        return decode(body, ChainContinued).keyed == before
    except (ComportaError, ValueError):
        return False
