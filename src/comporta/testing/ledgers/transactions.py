"""What every ledger must do when facts are appended and states are read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

import pytest

from comporta.errors import BadProject
from comporta.ledger import Ledger, verify
from comporta.records import Fact, Head, Projection, Transaction, View, decode, encode
from comporta.testing.clock import Clock
from comporta.testing.ledgers.facts import (
    BALANCES,
    COUNTS,
    KEY,
    TEST_FACTS,
    AccountClosed,
    AmountDeposited,
    Balance,
    NoteWritten,
    Opens,
    put,
)


def _scan(view: View, asked: dict[str, Any]) -> list[tuple[str, Balance]]:
    return view.scan(BALANCES, **asked)


class TransactionContract:
    """Appending, reading and refusing. See `LedgerContract`."""

    def test_a_new_ledger_is_empty(self, ledger: Ledger) -> None:
        assert ledger.head() == Head(seq=0, hash="")
        assert list(ledger.events()) == []
        assert ledger.get(BALANCES, "anna") is None
        assert ledger.scan(BALANCES) == []
        assert verify(ledger, [BALANCES], KEY, facts=TEST_FACTS).sound

    def test_a_fact_becomes_an_event_with_its_very_bytes(self, ledger: Ledger, clock: Clock) -> None:
        fact = AmountDeposited(account="anna", amount=5)
        clock.forward(timedelta(microseconds=1))
        (event,) = put(ledger, fact)
        assert (event.seq, event.kind, event.schema, event.prev) == (1, "test.deposited", 1, "")
        assert event.at == clock()
        assert event.body == encode(fact)
        assert list(ledger.events()) == [event]
        assert ledger.head() == Head(seq=1, hash=event.hash)

    def test_events_follow_each_other_without_gaps(self, ledger: Ledger) -> None:
        for _ in range(3):
            put(ledger, NoteWritten(text="a"), NoteWritten(text="b"))
        events = list(ledger.events())
        assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6]
        assert [event.prev for event in events] == ["", *(event.hash for event in events[:-1])]
        assert len({event.hash for event in events}) == 6
        assert list(ledger.events(after=4)) == events[4:]
        assert list(ledger.events(after=6)) == []

    def test_what_is_appended_shows_at_once_inside_and_afterwards_outside(self, ledger: Ledger) -> None:
        def act(turn: Transaction) -> list[Balance | None]:
            turn.append(AmountDeposited(account="anna", amount=5))
            first = turn.get(BALANCES, "anna")
            turn.append(AmountDeposited(account="anna", amount=-2))
            return [first, turn.get(BALANCES, "anna")]

        assert ledger.transact(act) == [Balance(amount=5, entries=1), Balance(amount=3, entries=2)]
        assert ledger.get(BALANCES, "anna") == Balance(amount=3, entries=2)

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
    def test_when_an_act_raises_nothing_is_kept(self, ledger: Ledger, error: type[BaseException]) -> None:
        put(ledger, AmountDeposited(account="anna", amount=5))
        before = ledger.head()

        def act(turn: Transaction) -> None:
            turn.append(AmountDeposited(account="anna", amount=7))
            raise error("no")

        with pytest.raises(error):
            ledger.transact(act)
        assert ledger.head() == before
        assert ledger.get(BALANCES, "anna") == Balance(amount=5, entries=1)
        put(ledger, AmountDeposited(account="anna", amount=1))
        assert ledger.get(BALANCES, "anna") == Balance(amount=6, entries=2)

    def test_a_change_to_none_removes_a_state(self, ledger: Ledger) -> None:
        put(ledger, AmountDeposited(account="anna", amount=5), AmountDeposited(account="bo", amount=1))
        put(ledger, AccountClosed(account="anna"), AccountClosed(account="nobody"))
        assert ledger.get(BALANCES, "anna") is None
        assert [key for key, _ in ledger.scan(BALANCES)] == ["bo"]
        put(ledger, AmountDeposited(account="anna", amount=2))
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
        put(ledger, *(AmountDeposited(account=key, amount=1) for key in keys))
        for prefix in ["", "a", "a/", "a/1", "a_", "a%", "á", "z", "\ud7ff", "\U0010ffff"]:
            wanted = sorted(key for key in keys if key.startswith(prefix))
            for newest in (False, True):
                for limit in (None, 0, 1, 3, 100):
                    asked: Any = {"prefix": prefix, "newest": newest, "limit": limit}
                    scan = partial(_scan, asked=asked)
                    found = ledger.transact(scan) if inside else scan(ledger)
                    expected = (wanted[::-1] if newest else wanted)[:limit]
                    assert [key for key, _ in found] == expected, asked

    def test_a_scan_inside_sees_what_the_transaction_changed(self, ledger: Ledger) -> None:
        put(ledger, *(AmountDeposited(account=f"{number}", amount=number) for number in range(5)))

        def act(turn: Transaction) -> list[list[str]]:
            turn.append(AccountClosed(account="1"))
            turn.append(AccountClosed(account="4"))
            turn.append(AmountDeposited(account="25", amount=1))
            return [
                [key for key, _ in turn.scan(BALANCES, newest=newest, limit=limit)]
                for newest, limit in [(False, None), (False, 2), (True, 2)]
            ]

        assert ledger.transact(act) == [["0", "2", "25", "3"], ["0", "2"], ["3", "25"]]

    def test_text_of_any_kind_comes_back(self, ledger: Ledger) -> None:
        text = "nul \0, quote ' \" \\, line\n, é, 漢, \U0001f680, %s, :name, {}"
        (event,) = put(ledger, NoteWritten(text=text))
        (stored,) = ledger.events()
        assert stored.body is not None
        assert decode(stored.body, NoteWritten) == NoteWritten(text=text)
        assert stored == event

    def test_many_events_fit_one_transaction(self, ledger: Ledger) -> None:
        put(ledger, *(AmountDeposited(account=f"{number % 7}", amount=1) for number in range(2500)))
        assert sum(balance.amount for _, balance in ledger.scan(BALANCES)) == 2500
        assert [event.seq for event in ledger.events()] == list(range(1, 2501))
        assert verify(ledger, [BALANCES], KEY, facts=TEST_FACTS).sound

    def test_writers_take_turns_and_none_overwrites_another(self, ledger: Ledger) -> None:
        def move(_: int) -> None:
            def act(turn: Transaction) -> None:
                was = turn.get(BALANCES, "shared") or Balance(amount=0, entries=0)
                turn.append(AmountDeposited(account="shared", amount=was.entries + 1))

            ledger.transact(act)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(move, range(40)))
        # 1 + 2 + … + 40, only if each saw what the one before it kept.
        assert ledger.get(BALANCES, "shared") == Balance(amount=820, entries=40)
        assert [event.seq for event in ledger.events()] == list(range(1, 41))
        assert verify(ledger, [BALANCES], KEY, facts=TEST_FACTS).sound

    def test_a_transaction_inside_a_transaction_is_refused(self, ledger: Ledger) -> None:
        with pytest.raises(RuntimeError, match="transact inside transact"):
            ledger.transact(lambda turn: put(ledger, NoteWritten(text="inner")))
        assert len(put(ledger, NoteWritten(text="goes on"))) == 1

    def test_a_projection_that_was_not_opened_is_named(self, ledger: Ledger) -> None:
        for act in (
            lambda: ledger.get(COUNTS, "all"),
            lambda: ledger.scan(COUNTS),
            lambda: ledger.transact(lambda turn: turn.get(COUNTS, "all")),
            lambda: ledger.rebuild(COUNTS),
        ):
            with pytest.raises(BadProject, match="test counts"):
                act()

    def test_two_projections_of_one_name_are_refused(self, opens: Opens) -> None:
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
            put(ledger, NoteWritten(text="x"))
        assert ledger.head().seq == 0
