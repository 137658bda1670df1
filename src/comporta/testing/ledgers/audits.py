"""What every ledger must do so that its chain can be verified, and a body removed from it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from comporta.errors import BadProject, NotFound, Refused
from comporta.ledger import Ledger, verify
from comporta.ledger.chain import header, leaf, link
from comporta.ledger.signing import is_signed, public_key
from comporta.records import Event, Head, Lookup, Projection, decode
from comporta.records.facts import EventRemoved, ProjectKeyed
from comporta.records.instant import microseconds
from comporta.testing.clock import Clock
from comporta.testing.ledgers.facts import (
    BALANCES,
    KEY,
    TEST_FACTS,
    AccountClosed,
    AmountDeposited,
    Balance,
    NoteWritten,
    Opens,
    put,
)


class AuditContract:
    """Signed heads, leaves, audits and removals. See `LedgerContract`."""

    def test_an_audit_of_what_was_written_finds_nothing(self, ledger: Ledger) -> None:
        put(
            ledger,
            *(AmountDeposited(account="anna", amount=number) for number in range(9)),
            AccountClosed(account="bo"),
        )
        head = ledger.head()
        put(ledger, AmountDeposited(account="anna", amount=1))
        audit = verify(ledger, [BALANCES], KEY, head, facts=TEST_FACTS)
        assert audit.sound
        assert (audit.faults, audit.count, audit.unknown) == ((), 0, ())
        assert (audit.events, audit.head, audit.readings) == (11, ledger.head(), ("test balances",))

    def test_without_a_head_an_audit_says_what_it_cannot_know(self, ledger: Ledger) -> None:
        put(ledger, NoteWritten(text="x"))
        (unknown,) = verify(ledger, [BALANCES], KEY, facts=TEST_FACTS).unknown
        assert unknown.code == "ledger.truncation_unchecked"

    def test_an_audit_with_a_later_head_finds_the_end_cut_off(self, ledger: Ledger) -> None:
        put(ledger, NoteWritten(text="x"))
        head = Head(seq=3, hash="0" * 64)
        audit = verify(ledger, [BALANCES], KEY, head, facts=TEST_FACTS)
        assert [fault.what for fault in audit.faults] == ["truncated"]

    def test_an_audit_with_another_head_finds_the_chain_rewritten(self, ledger: Ledger) -> None:
        put(ledger, NoteWritten(text="x"))
        audit = verify(ledger, [BALANCES], KEY, Head(seq=1, hash="0" * 64), facts=TEST_FACTS)
        assert [fault.what for fault in audit.faults] == ["rewritten"]

    def test_an_audit_under_another_key_finds_that_it_is_not_the_signers(self, ledger: Ledger) -> None:
        put(ledger, NoteWritten(text="x"), NoteWritten(text="y"))
        audit = verify(ledger, [BALANCES], b"o" * 32, facts=TEST_FACTS)
        assert [(fault.what, fault.seq) for fault in audit.faults] == [("key", 2), ("signature", 2)]

    def test_each_transaction_ends_under_a_signed_head(self, ledger: Ledger) -> None:
        put(ledger, NoteWritten(text="a"), NoteWritten(text="b"))
        put(ledger, NoteWritten(text="c"))
        ledger.transact(lambda turn: None)
        with ledger.snapshot() as snapshot:
            heads = list(snapshot.heads())
        events = list(ledger.events())
        assert [each[:2] for each in heads] == [(2, events[1].hash), (3, events[2].hash)]
        for seq, hash_, signature, key in heads:
            assert key == public_key(KEY)
            assert is_signed(key, signature, ledger.project, Head(seq=seq, hash=hash_))
            assert not is_signed(key, signature, "another", Head(seq=seq, hash=hash_))
            assert not is_signed(key, signature, ledger.project, Head(seq=seq + 1, hash=hash_))

    def test_a_leaf_is_of_salt_header_and_body_and_a_link_of_leaves(self, ledger: Ledger) -> None:
        put(ledger, NoteWritten(text="same"), NoteWritten(text="same"))
        prev = ""
        for event in ledger.events():
            assert event.salt is not None
            assert event.body is not None
            told = header(
                project=ledger.project,
                seq=event.seq,
                at=microseconds(event.at),
                kind=event.kind,
                schema=event.schema,
            )
            assert event.leaf == leaf(event.salt, told, event.body)
            assert event.hash == link(prev, event.leaf)
            prev = event.hash
        first, second = ledger.events()
        assert first.salt != second.salt, "equal bodies must not be told to be equal"
        assert len(first.salt or b"") >= 16

    def test_a_clock_that_is_set_back_makes_no_event_older_than_the_one_before(
        self, ledger: Ledger, clock: Clock
    ) -> None:
        (first,) = put(ledger, NoteWritten(text="x"))
        clock.now -= timedelta(hours=1)
        second, third = put(ledger, NoteWritten(text="y"), NoteWritten(text="z"))
        assert first.at == second.at == third.at
        clock.now += timedelta(hours=2)
        (fourth,) = put(ledger, NoteWritten(text="later"))
        assert fourth.at == clock()
        assert verify(ledger, [BALANCES], KEY, ledger.head(), facts=TEST_FACTS).sound

    def test_a_removed_body_is_gone_from_events_and_projections_and_the_chain_verifies(
        self, ledger: Ledger
    ) -> None:
        put(ledger, AmountDeposited(account="anna", amount=5), AmountDeposited(account="bo", amount=7))
        put(ledger, AmountDeposited(account="anna", amount=1))
        links = [event.hash for event in ledger.events()]
        said = ledger.remove_body(1, reason="erasure", by="p-1")
        assert (said.kind, said.seq) == ("event.removed", 4)
        assert said.body is not None
        first = next(ledger.events())
        assert decode(said.body, EventRemoved) == EventRemoved(
            seq=1,
            reason="erasure",
            by="p-1",
            removed_at=microseconds(first.at),
            removed_kind="test.deposited",
            removed_schema=1,
        )
        first, *rest = ledger.events()
        assert (first.body, first.salt, first.hash) == (None, None, links[0])
        assert [event.hash for event in rest][:2] == links[1:]
        assert ledger.scan(BALANCES) == [
            ("anna", Balance(amount=1, entries=1)),
            ("bo", Balance(amount=7, entries=1)),
        ]
        audit = verify(ledger, [BALANCES], KEY, ledger.head(), facts=TEST_FACTS)
        assert audit.sound, audit.faults
        assert audit.removed == {1: 4}
        assert audit.unknown == ()
        put(ledger, AmountDeposited(account="anna", amount=1))
        assert ledger.get(BALANCES, "anna") == Balance(amount=2, entries=2)

    def test_what_the_chain_stands_on_keeps_its_body(self, ledger: Ledger) -> None:
        put(ledger, ProjectKeyed(project="p", fingerprint="f"), NoteWritten(text="x"))
        ledger.remove_body(2, reason="erasure", by="p-1")
        head = ledger.head()
        for seq, says in ((1, "stands on"), (2, "already"), (3, "stands on")):
            with pytest.raises(Refused, match=says):
                ledger.remove_body(seq, reason="erasure", by="p-1")
        for seq in (0, -1, 4):
            with pytest.raises(NotFound):
                ledger.remove_body(seq, reason="erasure", by="p-1")
        put(ledger, NoteWritten(text="y"))
        with pytest.raises(BadProject, match="expected a code"):
            ledger.remove_body(4, reason="Ana Sousa asked for it", by="p-1")
        assert (ledger.head().seq, ledger.head() != head) == (4, True)

    def test_a_body_that_later_events_cannot_be_read_without_stays(self, opens: Opens) -> None:
        def picky(fact: AccountClosed, event: Event, lookup: Lookup[int]) -> Iterator[tuple[str, None]]:
            assert lookup(fact.account) is not None, "closed, but never opened"
            yield fact.account, None

        opened: Projection[int] = Projection(
            "test open",
            int,
            {AmountDeposited: lambda fact, event, old: [(fact.account, 1)], AccountClosed: picky},
        )
        ledger = opens([opened])
        put(ledger, AmountDeposited(account="anna", amount=5), AccountClosed(account="anna"))
        with pytest.raises(Refused, match="later events"):
            ledger.remove_body(1, reason="erasure", by="p-1")
        assert ledger.head().seq == 2
        ledger.remove_body(2, reason="erasure", by="p-1")
        ledger.remove_body(1, reason="erasure", by="p-1")
        audit = verify(ledger, [opened], KEY, ledger.head(), facts=TEST_FACTS)
        assert audit.sound, audit.faults
        assert audit.removed == {2: 3, 1: 4}
