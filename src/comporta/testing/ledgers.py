"""What every ledger must do, as tests: subclass `LedgerContract`, and `DurableLedgerContract` too where
a ledger outlives the process. `Deposited`, `Closed` and `BALANCES` are facts and a reading to try it with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar, Protocol

import pytest

from comporta.errors import BadProject, NotFound, Refused, WrongKey
from comporta.ledger import Ledger, verify
from comporta.ledger.chain import header, leaf, link, microseconds
from comporta.ledger.faults import NOT_KEPT, STRANGE
from comporta.ledger.signing import is_signed, public_key
from comporta.records import Event, Fact, Head, Lookup, Projection, Record, Transaction, View, decode, encode
from comporta.records.facts import EventRemoved, ProjectKeyed
from comporta.testing.clock import Clock

KEY = b"k" * 32


class Deposited(Fact, frozen=True, kw_only=True):
    """amount: cents; negative for what was taken out."""

    kind: ClassVar[str] = "test.deposited"
    account: str
    amount: int


class Closed(Fact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "test.closed"
    account: str


class Noted(Fact, frozen=True, kw_only=True):
    """A fact that no reading here folds."""

    kind: ClassVar[str] = "test.noted"
    text: str


class Balance(Record, frozen=True, kw_only=True):
    amount: int
    entries: int


def _deposited(fact: Deposited, event: Event, lookup: Lookup[Balance]) -> Iterator[tuple[str, Balance]]:
    was = lookup(fact.account) or Balance(amount=0, entries=0)
    yield fact.account, Balance(amount=was.amount + fact.amount, entries=was.entries + 1)


def _closed(fact: Closed, event: Event, lookup: Lookup[Balance]) -> Iterator[tuple[str, None]]:
    yield fact.account, None


BALANCES: Projection[Balance] = Projection("test balances", Balance, {Deposited: _deposited, Closed: _closed})
COUNTS: Projection[int] = Projection(
    "test counts", int, {Deposited: lambda fact, event, lookup: [("all", (lookup("all") or 0) + 1)]}
)
TEST_FACTS: tuple[type[Fact], ...] = (Deposited, Closed, Noted)


class Opens(Protocol):
    """Opens the same ledger each time it is called in one test, with the given arguments of `open_ledger`."""

    def __call__(self, readings: Sequence[Projection[Any]] = ..., **options: Any) -> Ledger: ...


def _scanned(view: View, asked: dict[str, Any]) -> list[tuple[str, Balance]]:
    return view.scan(BALANCES, **asked)


def put(ledger: Ledger, *facts: Fact) -> list[Event]:
    """The events of these facts, appended in one transaction."""
    return ledger.transact(lambda turn: [turn.append(fact) for fact in facts])


class LedgerContract:
    """Give a fixture `opens` (see `Opens`): with no options it opens with `[BALANCES]`, the key `KEY`, the
    fixture `clock`, and `facts=TEST_FACTS`; a new, empty ledger for each test."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def ledger(self, opens: Opens) -> Ledger:
        return opens()

    def test_a_new_ledger_is_empty(self, ledger: Ledger) -> None:
        assert ledger.head() == Head(seq=0, hash="")
        assert list(ledger.events()) == []
        assert ledger.get(BALANCES, "anna") is None
        assert ledger.scan(BALANCES) == []
        assert verify(ledger, [BALANCES], KEY, facts=TEST_FACTS).sound

    def test_a_fact_becomes_an_event_with_its_very_bytes(self, ledger: Ledger, clock: Clock) -> None:
        fact = Deposited(account="anna", amount=5)
        clock.forward(timedelta(microseconds=1))
        (event,) = put(ledger, fact)
        assert (event.seq, event.kind, event.schema, event.prev) == (1, "test.deposited", 1, "")
        assert event.at == clock()
        assert event.body == encode(fact)
        assert list(ledger.events()) == [event]
        assert ledger.head() == Head(seq=1, hash=event.hash)

    def test_events_follow_each_other_without_gaps(self, ledger: Ledger) -> None:
        for _ in range(3):
            put(ledger, Noted(text="a"), Noted(text="b"))
        events = list(ledger.events())
        assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6]
        assert [event.prev for event in events] == ["", *(event.hash for event in events[:-1])]
        assert len({event.hash for event in events}) == 6
        assert list(ledger.events(after=4)) == events[4:]
        assert list(ledger.events(after=6)) == []

    def test_what_is_appended_shows_at_once_inside_and_afterwards_outside(self, ledger: Ledger) -> None:
        def act(turn: Transaction) -> list[Balance | None]:
            turn.append(Deposited(account="anna", amount=5))
            first = turn.get(BALANCES, "anna")
            turn.append(Deposited(account="anna", amount=-2))
            return [first, turn.get(BALANCES, "anna")]

        assert ledger.transact(act) == [Balance(amount=5, entries=1), Balance(amount=3, entries=2)]
        assert ledger.get(BALANCES, "anna") == Balance(amount=3, entries=2)

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
    def test_when_an_act_raises_nothing_is_kept(self, ledger: Ledger, error: type[BaseException]) -> None:
        put(ledger, Deposited(account="anna", amount=5))
        before = ledger.head()

        def act(turn: Transaction) -> None:
            turn.append(Deposited(account="anna", amount=7))
            raise error("no")

        with pytest.raises(error):
            ledger.transact(act)
        assert ledger.head() == before
        assert ledger.get(BALANCES, "anna") == Balance(amount=5, entries=1)
        put(ledger, Deposited(account="anna", amount=1))
        assert ledger.get(BALANCES, "anna") == Balance(amount=6, entries=2)

    def test_a_change_to_none_removes_a_state(self, ledger: Ledger) -> None:
        put(ledger, Deposited(account="anna", amount=5), Deposited(account="bo", amount=1))
        put(ledger, Closed(account="anna"), Closed(account="nobody"))
        assert ledger.get(BALANCES, "anna") is None
        assert [key for key, _ in ledger.scan(BALANCES)] == ["bo"]
        put(ledger, Deposited(account="anna", amount=2))
        assert ledger.get(BALANCES, "anna") == Balance(amount=2, entries=1)

    @pytest.mark.parametrize("inside", [False, True])
    def test_states_are_scanned_by_prefix_in_the_order_of_their_keys(
        self, ledger: Ledger, inside: bool
    ) -> None:
        keys = [
            "",
            "a",
            "a/1",
            "a/10",
            "a/2",
            "a_1",
            "a%",
            "A",
            "á",
            "b",
            "\uffff",
            "\U0010ffff",
            "\ud7ff",
            "\ue000",
        ]
        put(ledger, *(Deposited(account=key, amount=1) for key in keys))
        for prefix in ["", "a", "a/", "a/1", "a_", "a%", "á", "z", "\ud7ff", "\U0010ffff"]:
            wanted = sorted(key for key in keys if key.startswith(prefix))
            for newest in (False, True):
                for limit in (None, 0, 1, 3, 100):
                    asked: Any = {"prefix": prefix, "newest": newest, "limit": limit}
                    scan = partial(_scanned, asked=asked)
                    found = ledger.transact(scan) if inside else scan(ledger)
                    expected = (wanted[::-1] if newest else wanted)[:limit]
                    assert [key for key, _ in found] == expected, asked

    def test_a_scan_inside_sees_what_the_transaction_changed(self, ledger: Ledger) -> None:
        put(ledger, *(Deposited(account=f"{number}", amount=number) for number in range(5)))

        def act(turn: Transaction) -> list[list[str]]:
            turn.append(Closed(account="1"))
            turn.append(Closed(account="4"))
            turn.append(Deposited(account="25", amount=1))
            return [
                [key for key, _ in turn.scan(BALANCES, newest=newest, limit=limit)]
                for newest, limit in [(False, None), (False, 2), (True, 2)]
            ]

        assert ledger.transact(act) == [["0", "2", "25", "3"], ["0", "2"], ["3", "25"]]

    def test_text_of_any_kind_comes_back(self, ledger: Ledger) -> None:
        text = "nul \0, quote ' \" \\, line\n, é, 漢, \U0001f680, %s, :name, {}"
        (event,) = put(ledger, Noted(text=text))
        (stored,) = ledger.events()
        assert stored.body is not None
        assert decode(stored.body, Noted) == Noted(text=text)
        assert stored == event

    def test_many_events_fit_one_transaction(self, ledger: Ledger) -> None:
        put(ledger, *(Deposited(account=f"{number % 7}", amount=1) for number in range(2500)))
        assert sum(balance.amount for _, balance in ledger.scan(BALANCES)) == 2500
        assert [event.seq for event in ledger.events()] == list(range(1, 2501))
        assert verify(ledger, [BALANCES], KEY, facts=TEST_FACTS).sound

    def test_writers_take_turns_and_none_overwrites_another(self, ledger: Ledger) -> None:
        def move(_: int) -> None:
            def act(turn: Transaction) -> None:
                was = turn.get(BALANCES, "shared") or Balance(amount=0, entries=0)
                turn.append(Deposited(account="shared", amount=was.entries + 1))

            ledger.transact(act)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(move, range(40)))
        # 1 + 2 + … + 40, only if each saw what the one before it kept.
        assert ledger.get(BALANCES, "shared") == Balance(amount=820, entries=40)
        assert [event.seq for event in ledger.events()] == list(range(1, 41))
        assert verify(ledger, [BALANCES], KEY, facts=TEST_FACTS).sound

    def test_a_transaction_inside_a_transaction_is_refused(self, ledger: Ledger) -> None:
        with pytest.raises(RuntimeError, match="transact inside transact"):
            ledger.transact(lambda turn: put(ledger, Noted(text="inner")))
        assert len(put(ledger, Noted(text="goes on"))) == 1

    def test_a_reading_that_was_not_opened_is_named(self, ledger: Ledger) -> None:
        for act in (
            lambda: ledger.get(COUNTS, "all"),
            lambda: ledger.scan(COUNTS),
            lambda: ledger.transact(lambda turn: turn.get(COUNTS, "all")),
            lambda: ledger.refold(COUNTS),
        ):
            with pytest.raises(BadProject, match="test counts"):
                act()

    def test_two_readings_of_one_name_are_refused(self, opens: Opens) -> None:
        with pytest.raises(BadProject, match="share a name"):
            opens([BALANCES, Projection("test balances", int, {})])

    def test_two_facts_of_one_kind_are_refused(self, opens: Opens) -> None:
        class Other(Fact, frozen=True, kw_only=True):
            kind: ClassVar[str] = "test.noted"

        with pytest.raises(BadProject, match=r"test\.noted"):
            opens([BALANCES], facts=(*TEST_FACTS, Other))

    def test_a_clock_without_a_time_zone_is_a_fault(self, ledger: Ledger, clock: Clock) -> None:
        clock.now = clock.now.replace(tzinfo=None)
        with pytest.raises(ValueError, match="time zone"):
            put(ledger, Noted(text="x"))
        assert ledger.head().seq == 0

    def test_an_audit_of_what_was_written_finds_nothing(self, ledger: Ledger) -> None:
        put(ledger, *(Deposited(account="anna", amount=number) for number in range(9)), Closed(account="bo"))
        head = ledger.head()
        put(ledger, Deposited(account="anna", amount=1))
        audit = verify(ledger, [BALANCES], KEY, head, facts=TEST_FACTS)
        assert audit.sound
        assert (audit.faults, audit.count, audit.unknown) == ((), 0, ())
        assert (audit.events, audit.head, audit.readings) == (11, ledger.head(), ("test balances",))

    def test_without_a_head_an_audit_says_what_it_cannot_know(self, ledger: Ledger) -> None:
        put(ledger, Noted(text="x"))
        (unknown,) = verify(ledger, [BALANCES], KEY, facts=TEST_FACTS).unknown
        assert unknown.code == "ledger.truncation_unchecked"

    def test_an_audit_with_a_later_head_finds_the_end_cut_off(self, ledger: Ledger) -> None:
        put(ledger, Noted(text="x"))
        head = Head(seq=3, hash="0" * 64)
        audit = verify(ledger, [BALANCES], KEY, head, facts=TEST_FACTS)
        assert [fault.what for fault in audit.faults] == ["truncated"]

    def test_an_audit_with_another_head_finds_the_chain_rewritten(self, ledger: Ledger) -> None:
        put(ledger, Noted(text="x"))
        audit = verify(ledger, [BALANCES], KEY, Head(seq=1, hash="0" * 64), facts=TEST_FACTS)
        assert [fault.what for fault in audit.faults] == ["rewritten"]

    def test_an_audit_under_another_key_finds_that_it_is_not_the_signers(self, ledger: Ledger) -> None:
        put(ledger, Noted(text="x"), Noted(text="y"))
        audit = verify(ledger, [BALANCES], b"o" * 32, facts=TEST_FACTS)
        assert [(fault.what, fault.seq) for fault in audit.faults] == [("key", 2), ("signature", 2)]

    def test_each_transaction_ends_under_a_signed_head(self, ledger: Ledger) -> None:
        put(ledger, Noted(text="a"), Noted(text="b"))
        put(ledger, Noted(text="c"))
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
        put(ledger, Noted(text="same"), Noted(text="same"))
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
        (first,) = put(ledger, Noted(text="x"))
        clock.now -= timedelta(hours=1)
        second, third = put(ledger, Noted(text="y"), Noted(text="z"))
        assert first.at == second.at == third.at
        clock.now += timedelta(hours=2)
        (fourth,) = put(ledger, Noted(text="later"))
        assert fourth.at == clock()
        assert verify(ledger, [BALANCES], KEY, ledger.head(), facts=TEST_FACTS).sound

    def test_a_removed_body_is_gone_from_events_and_readings_and_the_chain_verifies(
        self, ledger: Ledger
    ) -> None:
        put(ledger, Deposited(account="anna", amount=5), Deposited(account="bo", amount=7))
        put(ledger, Deposited(account="anna", amount=1))
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
        put(ledger, Deposited(account="anna", amount=1))
        assert ledger.get(BALANCES, "anna") == Balance(amount=2, entries=2)

    def test_what_the_chain_stands_on_keeps_its_body(self, ledger: Ledger) -> None:
        put(ledger, ProjectKeyed(project="p", fingerprint="f"), Noted(text="x"))
        ledger.remove_body(2, reason="erasure", by="p-1")
        head = ledger.head()
        for seq, says in ((1, "stands on"), (2, "already"), (3, "stands on")):
            with pytest.raises(Refused, match=says):
                ledger.remove_body(seq, reason="erasure", by="p-1")
        for seq in (0, -1, 4):
            with pytest.raises(NotFound):
                ledger.remove_body(seq, reason="erasure", by="p-1")
        put(ledger, Noted(text="y"))
        with pytest.raises(BadProject, match="expected a code"):
            ledger.remove_body(4, reason="Ana Sousa asked for it", by="p-1")
        assert (ledger.head().seq, ledger.head() != head) == (4, True)

    def test_a_body_that_later_events_cannot_be_read_without_stays(self, opens: Opens) -> None:
        def picky(fact: Closed, event: Event, lookup: Lookup[int]) -> Iterator[tuple[str, None]]:
            assert lookup(fact.account) is not None, "closed, but never opened"
            yield fact.account, None

        opened: Projection[int] = Projection(
            "test open", int, {Deposited: lambda fact, event, old: [(fact.account, 1)], Closed: picky}
        )
        ledger = opens([opened])
        put(ledger, Deposited(account="anna", amount=5), Closed(account="anna"))
        with pytest.raises(Refused, match="later events"):
            ledger.remove_body(1, reason="erasure", by="p-1")
        assert ledger.head().seq == 2
        ledger.remove_body(2, reason="erasure", by="p-1")
        ledger.remove_body(1, reason="erasure", by="p-1")
        audit = verify(ledger, [opened], KEY, ledger.head(), facts=TEST_FACTS)
        assert audit.sound, audit.faults
        assert audit.removed == {2: 3, 1: 4}

    def test_a_reading_can_be_made_again_from_the_events(self, ledger: Ledger) -> None:
        put(
            ledger,
            Deposited(account="anna", amount=5),
            Deposited(account="bo", amount=5),
            Closed(account="bo"),
        )
        ledger.refold(BALANCES)
        assert ledger.scan(BALANCES) == [("anna", Balance(amount=5, entries=1))]
        put(ledger, Deposited(account="anna", amount=1))
        assert ledger.get(BALANCES, "anna") == Balance(amount=6, entries=2)


class DurableLedgerContract(LedgerContract):
    """For a ledger that can be opened again: what must hold between processes and between releases."""

    def test_what_was_kept_is_there_when_opened_again(self, opens: Opens) -> None:
        first = opens()
        put(first, Deposited(account="anna", amount=5), Noted(text="x"))
        events, head = list(first.events()), first.head()
        first.close()
        again = opens()
        assert (list(again.events()), again.head()) == (events, head)
        assert again.get(BALANCES, "anna") == Balance(amount=5, entries=1)

    def test_two_that_are_open_see_each_other(self, opens: Opens) -> None:
        one, two = opens(), opens()
        for number in range(1, 4):
            put(one, Deposited(account="anna", amount=1))
            put(two, Deposited(account="anna", amount=1))
            expected = Balance(amount=2 * number, entries=2 * number)
            assert one.get(BALANCES, "anna") == two.get(BALANCES, "anna") == expected
        assert [event.seq for event in one.events()] == list(range(1, 7))
        assert verify(one, [BALANCES], KEY, facts=TEST_FACTS).sound

    def test_a_reading_not_seen_before_is_folded_from_history(self, opens: Opens) -> None:
        first = opens()
        put(first, Deposited(account="anna", amount=5), Noted(text="x"), Deposited(account="bo", amount=5))
        both = opens([BALANCES, COUNTS])
        assert both.get(COUNTS, "all") == 2
        put(both, Deposited(account="bo", amount=5))
        assert both.get(COUNTS, "all") == 3
        assert verify(both, [BALANCES, COUNTS], KEY, facts=TEST_FACTS).sound

    def test_a_reading_that_a_writer_did_not_know_catches_up(self, opens: Opens) -> None:
        both, one = opens([BALANCES, COUNTS]), opens([BALANCES])
        put(both, Deposited(account="anna", amount=5))
        put(one, Deposited(account="anna", amount=5))
        assert (both.get(COUNTS, "all"), both.scan(COUNTS)) == (2, [("all", 2)])
        put(one, Deposited(account="anna", amount=5))
        assert both.scan(COUNTS) == [("all", 3)]
        put(one, Deposited(account="anna", amount=5))
        put(both, Deposited(account="anna", amount=5))
        assert both.get(COUNTS, "all") == 5
        assert opens([COUNTS]).get(COUNTS, "all") == 5
        assert verify(both, [BALANCES, COUNTS], KEY, facts=TEST_FACTS).sound

    def test_an_audit_says_where_a_reading_stopped_being_kept(self, opens: Opens) -> None:
        both, one = opens([BALANCES, COUNTS]), opens([BALANCES])
        put(both, Deposited(account="anna", amount=5))
        put(one, Deposited(account="anna", amount=5))
        audit = verify(one, [BALANCES, COUNTS], KEY, one.head(), facts=TEST_FACTS)
        assert audit.sound
        assert audit.unknown == (NOT_KEPT(reading="test counts", seq=1),)

    def test_a_reading_with_new_rules_is_folded_again(self, opens: Opens) -> None:
        put(opens([COUNTS]), Deposited(account="anna", amount=5), Closed(account="anna"))

        def count(fact: Fact, event: Event, lookup: Lookup[int]) -> Iterator[tuple[str, int]]:
            yield "all", (lookup("all") or 0) + 1

        wider: Projection[int] = Projection("test counts", int, {Deposited: count, Closed: count})
        assert opens([wider]).get(wider, "all") == 2

    def test_another_key_is_refused(self, opens: Opens) -> None:
        put(opens(), Noted(text="x"))
        with pytest.raises(WrongKey, match="another key"):
            opens(key=b"o" * 32)

    def test_old_schema_versions_are_brought_up_to_date(self, opens: Opens) -> None:
        put(opens([COUNTS]), Deposited(account="anna", amount=5))

        class Newer(Fact, frozen=True, kw_only=True):
            kind: ClassVar[str] = "test.deposited"
            schema: ClassVar[int] = 3
            holder: str
            cents: int

        def to_two(body: dict[str, Any]) -> dict[str, Any]:
            return {"holder": body["account"], "amount": body["amount"]}

        def to_three(body: dict[str, Any]) -> dict[str, Any]:
            return {"holder": body["holder"], "cents": body["amount"] * 100}

        newer: Projection[int] = Projection(
            "test sums", int, {Newer: lambda fact, event, lookup: [(fact.holder, fact.cents)]}
        )
        upcasts = {("test.deposited", 1): to_two, ("test.deposited", 2): to_three}
        ledger = opens([newer], facts=(), upcasts=upcasts)
        assert ledger.get(newer, "anna") == 500
        put(ledger, Newer(holder="bo", cents=7))
        assert [event.schema for event in ledger.events()] == [1, 3]
        assert verify(ledger, [newer], KEY, facts=(), upcasts=upcasts).sound
        # And a Comporta from before the change says what to do, rather than folding half.
        with pytest.raises(BadProject, match="upgrade"):
            opens([BALANCES])

    def test_unknown_kinds_are_kept_and_passed_over(self, opens: Opens) -> None:
        put(opens(), Deposited(account="anna", amount=5), Noted(text="x"))
        ledger = opens([COUNTS], facts=(Deposited,))
        assert ledger.get(COUNTS, "all") == 1
        put(ledger, Deposited(account="anna", amount=5))
        audit = verify(ledger, [COUNTS], KEY, ledger.head(), facts=(Deposited,))
        assert audit.sound
        assert audit.unknown == (STRANGE(count=1, kind="test.noted"),)
        assert [event.kind for event in ledger.events()][1] == "test.noted"

    def test_projects_of_one_ledger_have_chains_and_readings_of_their_own(self, opens: Opens) -> None:
        one, two = opens(project="one"), opens(project="two")
        put(one, Deposited(account="anna", amount=5))
        put(two, Deposited(account="anna", amount=7), Noted(text="x"))
        put(one, Deposited(account="bo", amount=1))
        assert [event.seq for event in one.events()] == [1, 2]
        assert [(event.seq, event.project) for event in two.events()] == [(1, "two"), (2, "two")]
        assert one.get(BALANCES, "anna") == Balance(amount=5, entries=1)
        assert two.scan(BALANCES) == [("anna", Balance(amount=7, entries=1))]
        assert one.projects() == two.projects() == ["one", "two"]
        for ledger, events in ((one, 2), (two, 2)):
            ledger.refold(BALANCES)
            audit = verify(ledger, [BALANCES], KEY, ledger.head(), facts=TEST_FACTS)
            assert audit.sound, audit.faults
            assert (audit.project, audit.events) == (ledger.project, events)
        one.remove_body(1, reason="erasure", by="p-1")
        assert one.get(BALANCES, "anna") is None
        assert two.get(BALANCES, "anna") == Balance(amount=7, entries=1)

    def test_what_another_project_knows_is_found_by_its_key(self, opens: Opens) -> None:
        one, two, three = (opens(project=name) for name in ("one", "two", "three"))
        put(one, Deposited(account="anna", amount=5))
        put(three, Deposited(account="anna", amount=7))
        found = [("one", Balance(amount=5, entries=1)), ("three", Balance(amount=7, entries=1))]
        assert two.others(BALANCES, "anna") == found
        assert one.others(BALANCES, "anna") == found[1:]
        assert two.others(BALANCES, "nobody") == []

    def test_a_newer_schema_in_one_project_locks_no_other_out(self, opens: Opens) -> None:
        class Newer(Fact, frozen=True, kw_only=True):
            kind: ClassVar[str] = "test.deposited"
            schema: ClassVar[int] = 2
            account: str
            cents: int

        newer: Projection[int] = Projection(
            "test balances", int, {Newer: lambda *of: [(of[0].account, of[0].cents)]}
        )
        put(opens([newer], facts=(), project="ahead"), Newer(account="anna", cents=500))
        behind = opens(project="behind")
        put(behind, Deposited(account="anna", amount=5))
        assert behind.get(BALANCES, "anna") == Balance(amount=5, entries=1)
        assert behind.others(BALANCES, "anna") == []
        assert verify(behind, [BALANCES], KEY, behind.head(), facts=TEST_FACTS).sound
        with pytest.raises(BadProject, match="upgrade"):
            opens(project="ahead")

    @pytest.mark.parametrize("id", ["", "a b", "a/b", "-a", "é", "x" * 65, "a\n"])
    def test_a_project_has_a_plain_id(self, opens: Opens, id: str) -> None:
        with pytest.raises(BadProject, match="letters, digits"):
            opens(project=id)

    def test_a_removed_body_is_gone_from_a_reading_that_its_remover_did_not_know(self, opens: Opens) -> None:
        both, one = opens([BALANCES, COUNTS]), opens([BALANCES])
        put(both, Deposited(account="anna", amount=5), Deposited(account="anna", amount=5))
        one.remove_body(1, reason="erasure", by="p-1")
        assert both.get(COUNTS, "all") == 1
        assert both.get(BALANCES, "anna") == Balance(amount=5, entries=1)
        audit = verify(both, [BALANCES, COUNTS], KEY, both.head(), facts=TEST_FACTS)
        assert audit.sound, audit.faults

    def test_a_snapshot_is_of_one_moment(self, opens: Opens) -> None:
        one, two = opens(), opens()
        put(one, Deposited(account="anna", amount=5))
        with one.snapshot() as snapshot:
            rows = snapshot.rows()
            first = next(rows)
            put(two, Deposited(account="anna", amount=5))
            assert [first[0], *(row[0] for row in rows)] == [1]
            assert [text for _, text in snapshot.states("test balances")] == ['{"amount":5,"entries":1}']
        with one.snapshot() as snapshot:
            assert len(list(snapshot.rows())) == 2

    def test_an_audit_runs_beside_writers(self, opens: Opens) -> None:
        ledger, writer = opens(), opens()
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(
                lambda: [put(writer, Deposited(account="anna", amount=1)) for _ in range(60)]
            )
            while not writing.done():
                assert verify(ledger, [BALANCES], KEY, facts=TEST_FACTS).sound
        assert verify(ledger, [BALANCES], KEY, facts=TEST_FACTS).events == 60
