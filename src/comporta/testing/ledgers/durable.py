"""What a ledger that outlives its process must do: between processes, releases and projects."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest

from comporta.errors import BadProject, WrongKey
from comporta.ledger import verify
from comporta.ledger.faults import NOT_KEPT, STRANGE
from comporta.records import Event, Fact, Lookup, Projection
from comporta.testing.ledgers.contract import LedgerContract
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


class DurableLedgerContract(LedgerContract):
    """For a ledger that can be opened again: what must hold between processes and between releases."""

    def test_what_was_kept_is_there_when_opened_again(self, opens: Opens) -> None:
        first = opens()
        put(first, AmountDeposited(account="anna", amount=5), NoteWritten(text="x"))
        events, head = list(first.events()), first.head()
        first.close()
        again = opens()
        assert (list(again.events()), again.head()) == (events, head)
        assert again.get(BALANCES, "anna") == Balance(amount=5, entries=1)

    def test_two_that_are_open_see_each_other(self, opens: Opens) -> None:
        one, two = opens(), opens()
        for number in range(1, 4):
            put(one, AmountDeposited(account="anna", amount=1))
            put(two, AmountDeposited(account="anna", amount=1))
            expected = Balance(amount=2 * number, entries=2 * number)
            assert one.get(BALANCES, "anna") == two.get(BALANCES, "anna") == expected
        assert [event.seq for event in one.events()] == list(range(1, 7))
        assert verify(one, [BALANCES], KEY, facts=TEST_FACTS).sound

    def test_a_projection_not_seen_before_is_built_from_history(self, opens: Opens) -> None:
        first = opens()
        put(
            first,
            AmountDeposited(account="anna", amount=5),
            NoteWritten(text="x"),
            AmountDeposited(account="bo", amount=5),
        )
        both = opens([BALANCES, COUNTS])
        assert both.get(COUNTS, "all") == 2
        put(both, AmountDeposited(account="bo", amount=5))
        assert both.get(COUNTS, "all") == 3
        assert verify(both, [BALANCES, COUNTS], KEY, facts=TEST_FACTS).sound

    def test_a_projection_that_a_writer_did_not_know_catches_up(self, opens: Opens) -> None:
        both, one = opens([BALANCES, COUNTS]), opens([BALANCES])
        put(both, AmountDeposited(account="anna", amount=5))
        put(one, AmountDeposited(account="anna", amount=5))
        assert (both.get(COUNTS, "all"), both.scan(COUNTS)) == (2, [("all", 2)])
        put(one, AmountDeposited(account="anna", amount=5))
        assert both.scan(COUNTS) == [("all", 3)]
        put(one, AmountDeposited(account="anna", amount=5))
        put(both, AmountDeposited(account="anna", amount=5))
        assert both.get(COUNTS, "all") == 5
        assert opens([COUNTS]).get(COUNTS, "all") == 5
        assert verify(both, [BALANCES, COUNTS], KEY, facts=TEST_FACTS).sound

    def test_an_audit_says_where_a_projection_stopped_being_kept(self, opens: Opens) -> None:
        both, one = opens([BALANCES, COUNTS]), opens([BALANCES])
        put(both, AmountDeposited(account="anna", amount=5))
        put(one, AmountDeposited(account="anna", amount=5))
        audit = verify(one, [BALANCES, COUNTS], KEY, one.head(), facts=TEST_FACTS)
        assert audit.sound
        assert audit.unknown == (NOT_KEPT(reading="test counts", seq=1),)

    def test_a_projection_with_new_rules_is_rebuilt(self, opens: Opens) -> None:
        put(opens([COUNTS]), AmountDeposited(account="anna", amount=5), AccountClosed(account="anna"))

        def count(fact: Fact, event: Event, lookup: Lookup[int]) -> Iterator[tuple[str, int]]:
            yield "all", (lookup("all") or 0) + 1

        wider: Projection[int] = Projection(
            "test counts", int, {AmountDeposited: count, AccountClosed: count}
        )
        assert opens([wider]).get(wider, "all") == 2

    def test_another_key_is_refused(self, opens: Opens) -> None:
        put(opens(), NoteWritten(text="x"))
        with pytest.raises(WrongKey, match="another key"):
            opens(key=b"o" * 32)

    def test_old_schema_versions_are_brought_up_to_date(self, opens: Opens) -> None:
        put(opens([COUNTS]), AmountDeposited(account="anna", amount=5))

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
        # And a Comporta from before the change says what to do, rather than applying half.
        with pytest.raises(BadProject, match="upgrade"):
            opens([BALANCES])

    def test_unknown_kinds_are_kept_and_passed_over(self, opens: Opens) -> None:
        put(opens(), AmountDeposited(account="anna", amount=5), NoteWritten(text="x"))
        ledger = opens([COUNTS], facts=(AmountDeposited,))
        assert ledger.get(COUNTS, "all") == 1
        put(ledger, AmountDeposited(account="anna", amount=5))
        audit = verify(ledger, [COUNTS], KEY, ledger.head(), facts=(AmountDeposited,))
        assert audit.sound
        assert audit.unknown == (STRANGE(count=1, kind="test.noted"),)
        assert [event.kind for event in ledger.events()][1] == "test.noted"

    def test_projects_of_one_ledger_have_chains_and_projections_of_their_own(self, opens: Opens) -> None:
        one, two = opens(project="one"), opens(project="two")
        put(one, AmountDeposited(account="anna", amount=5))
        put(two, AmountDeposited(account="anna", amount=7), NoteWritten(text="x"))
        put(one, AmountDeposited(account="bo", amount=1))
        assert [event.seq for event in one.events()] == [1, 2]
        assert [(event.seq, event.project) for event in two.events()] == [(1, "two"), (2, "two")]
        assert one.get(BALANCES, "anna") == Balance(amount=5, entries=1)
        assert two.scan(BALANCES) == [("anna", Balance(amount=7, entries=1))]
        assert one.projects() == two.projects() == ["one", "two"]
        for ledger, events in ((one, 2), (two, 2)):
            ledger.rebuild(BALANCES)
            audit = verify(ledger, [BALANCES], KEY, ledger.head(), facts=TEST_FACTS)
            assert audit.sound, audit.faults
            assert (audit.project, audit.events) == (ledger.project, events)
        one.remove_body(1, reason="erasure", by="p-1")
        assert one.get(BALANCES, "anna") is None
        assert two.get(BALANCES, "anna") == Balance(amount=7, entries=1)

    def test_what_another_project_knows_is_found_by_its_key(self, opens: Opens) -> None:
        one, two, three = (opens(project=name) for name in ("one", "two", "three"))
        put(one, AmountDeposited(account="anna", amount=5))
        put(three, AmountDeposited(account="anna", amount=7))
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
        put(behind, AmountDeposited(account="anna", amount=5))
        assert behind.get(BALANCES, "anna") == Balance(amount=5, entries=1)
        assert behind.others(BALANCES, "anna") == []
        assert verify(behind, [BALANCES], KEY, behind.head(), facts=TEST_FACTS).sound
        with pytest.raises(BadProject, match="upgrade"):
            opens(project="ahead")

    @pytest.mark.parametrize("id", ["", "a b", "a/b", "-a", "é", "x" * 65, "a\n"])
    def test_a_project_has_a_plain_id(self, opens: Opens, id: str) -> None:
        with pytest.raises(BadProject, match="letters, digits"):
            opens(project=id)

    def test_a_removed_body_leaves_a_projection_its_remover_did_not_know(self, opens: Opens) -> None:
        both, one = opens([BALANCES, COUNTS]), opens([BALANCES])
        put(both, AmountDeposited(account="anna", amount=5), AmountDeposited(account="anna", amount=5))
        one.remove_body(1, reason="erasure", by="p-1")
        assert both.get(COUNTS, "all") == 1
        assert both.get(BALANCES, "anna") == Balance(amount=5, entries=1)
        audit = verify(both, [BALANCES, COUNTS], KEY, both.head(), facts=TEST_FACTS)
        assert audit.sound, audit.faults

    def test_a_snapshot_is_of_one_moment(self, opens: Opens) -> None:
        one, two = opens(), opens()
        put(one, AmountDeposited(account="anna", amount=5))
        with one.snapshot() as snapshot:
            rows = snapshot.rows()
            first = next(rows)
            put(two, AmountDeposited(account="anna", amount=5))
            assert [first.seq, *(row.seq for row in rows)] == [1]
            assert [text for _, text in snapshot.states("test balances")] == ['{"amount":5,"entries":1}']
        with one.snapshot() as snapshot:
            assert len(list(snapshot.rows())) == 2

    def test_an_audit_runs_beside_writers(self, opens: Opens) -> None:
        ledger, writer = opens(), opens()
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(
                lambda: [put(writer, AmountDeposited(account="anna", amount=1)) for _ in range(60)]
            )
            while not writing.done():
                assert verify(ledger, [BALANCES], KEY, facts=TEST_FACTS).sound
        assert verify(ledger, [BALANCES], KEY, facts=TEST_FACTS).events == 60
