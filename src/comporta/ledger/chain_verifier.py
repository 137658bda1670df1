"""Verifying a chain row by row: links, leaves, numbers, times, signed heads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from comporta.errors import ComportaError
from comporta.ledger import faults as found
from comporta.ledger.chain import link
from comporta.ledger.faults import LedgerFault, What
from comporta.ledger.protocol import EventRow, HeadRow
from comporta.ledger.signing import is_signed
from comporta.ledger.stored import event_of, is_event, is_written
from comporta.records.event import Event, Head
from comporta.records.facts import ChainContinued
from comporta.records.instant import moment
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
        heads: Iterator[HeadRow],
        faults: FaultList,
    ) -> None:
        self._project, self._key, self._public = project, key, public
        self.events = self.keyed = self.signed = self.seq = self.backwards = 0
        self._faults = faults
        self._heads = self._valid_heads(heads)
        self._next_head = next(self._heads, None)
        self._wrong: list[EventRow] = []
        self._at: int | None = None
        self._under_head = True
        self.hash = ""
        # Event → time, kind and schema as they are stored: nothing covers them but what says of the removal.
        self.bodiless: dict[int, tuple[int, str, int]] = {}

    def follow(self, row: EventRow, head: Head | None) -> Event | None:
        """Verifies the next row; its event, if it can be decoded, whatever else is wrong with it."""
        seq = row.seq
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
        elif row.prev != self.hash:
            self._faults.add("changed", found.FOLLOWS(seq=seq), seq=seq)
        before = Head(seq=self.seq, hash=self.hash)
        self.seq, self.hash = seq, str(row.hash)
        if head is not None and head.seq == seq and head.hash != row.hash:
            self._faults.add("rewritten", found.OTHER_HEAD(seq=seq), seq=seq)
        self._under_head = False
        self._follow_heads(seq)
        if not is_event(row):
            self._faults.add("unreadable", found.FIELD_TYPE(seq=seq), seq=seq)
            return None
        if row.leaf is None:
            self._verify_keyed(row)
        else:
            self._verify_leaf(row, before)
        self._verify_time(row)
        try:
            moment(row.at)
        except OverflowError:
            return None
        return event_of(row, self._project)

    def end(self) -> None:
        """Faults of the whole chain: heads beyond its end, moved events, an end without a signed head."""
        while self._next_head is not None:
            seq = self._next_head.seq
            self._faults.add("signature", found.SIGNED_OTHER(seq=seq), seq=seq)
            self._next_head = next(self._heads, None)
        if self.events > self.keyed and not self._under_head:
            self._faults.add("signature", found.UNSIGNED(seq=self.seq), seq=self.seq)
        for row in self._wrong:
            for other in self._wrong:
                if other.seq != row.seq and is_written(self._key, self._project, row, other.seq):
                    self._faults.add("moved", found.MOVED(seq=row.seq, other=other.seq), seq=row.seq)

    def _verify_keyed(self, row: EventRow) -> None:
        if self.keyed < self.events - 1:
            self._faults.add("changed", found.KEYED_LATE(seq=row.seq, kind=row.kind), seq=row.seq)
        self.keyed += 1
        # Nothing signs it: the keyed chain's end is its last event.
        self._under_head = True
        if not is_written(self._key, self._project, row, row.seq):
            self._add_changed(row)

    def _verify_leaf(self, row: EventRow, before: Head) -> None:
        seq, kind = row.seq, row.kind
        if row.hash != link(row.prev, row.leaf):
            self._faults.add("changed", found.RELINKED(seq=seq, kind=kind), seq=seq)
            self._wrong.append(row)
        elif row.salt is None or row.body is None:
            self.bodiless[seq] = (row.at, kind, row.schema)
        elif not is_written(self._key, self._project, row, seq):
            self._add_changed(row)
        if self.keyed and self.keyed == self.events - 1 and not _continues(kind, row.body, before):
            self._faults.add("changed", found.NOT_CONTINUED(seq=seq, kind=kind), seq=seq)

    def _add_changed(self, row: EventRow) -> None:
        self._faults.add("changed", found.CHANGED(seq=row.seq, kind=row.kind), seq=row.seq)
        if len(self._wrong) < MAX_REPORTED:
            self._wrong.append(row)

    def _verify_time(self, row: EventRow) -> None:
        if self._at is not None and row.at < self._at:
            if row.leaf is None:
                self.backwards += 1  # writers of the keyed chain took the clock as it was
            else:
                self._faults.add("time", found.BACKWARDS(seq=row.seq, kind=row.kind), seq=row.seq)
        self._at = row.at

    def _valid_heads(self, heads: Iterator[HeadRow]) -> Iterator[HeadRow]:
        """Those that name an event."""
        for each in heads:
            if type(each.seq) is int:
                yield each
            else:
                self._faults.add("signature", found.SIGNATURE(seq=self.seq), seq=self.seq)

    def _follow_heads(self, seq: int) -> None:
        while (head := self._next_head) is not None and head.seq <= seq:
            if head.seq != seq or head.link != self.hash:
                self._faults.add("signature", found.SIGNED_OTHER(seq=head.seq), seq=head.seq)
            elif head.key != self._public:
                self._faults.add("key", found.SIGNED_BY(seq=seq, key=str(head.key)), seq=seq)
            elif not is_signed(self._public, head.signature, self._project, Head(seq=seq, hash=head.link)):
                self._faults.add("signature", found.SIGNATURE(seq=seq), seq=seq)
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
