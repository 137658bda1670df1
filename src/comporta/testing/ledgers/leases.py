"""What every ledger must do with leases."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from comporta.ledger import Ledger, verify
from comporta.records import Transaction
from comporta.records.lease import Lease
from comporta.testing.clock import Clock
from comporta.testing.ledgers.facts import BALANCES, KEY, TEST_FACTS, AmountDeposited, put


def _lease(clock: Clock, name: str = "leader", **fields: object) -> Lease:
    held = Lease(name=name, holder="a", token=1, beat=0, seconds=6.0, until=clock() + timedelta(seconds=6))
    return Lease(**{**{field: getattr(held, field) for field in held.__struct_fields__}, **fields})


def _put(lease: Lease, tx: Transaction) -> None:
    tx.put_lease(lease)


class LeaseContract:
    """Leases, and the time of a transaction. See `LedgerContract`."""

    def test_a_lease_is_kept_without_an_event(self, ledger: Ledger, clock: Clock) -> None:
        held = _lease(clock)
        assert ledger.transact(lambda tx: tx.lease("leader")) is None
        ledger.transact(lambda tx: tx.put_lease(held))
        assert ledger.transact(lambda tx: tx.lease("leader")) == held
        assert (ledger.lease("leader"), ledger.lease("another")) == (held, None)
        assert (ledger.leases(), ledger.head().seq) == ([held], 0)

    def test_a_lease_shows_at_once_inside_and_replaces_the_one_before(
        self, ledger: Ledger, clock: Clock
    ) -> None:
        ledger.transact(lambda tx: tx.put_lease(_lease(clock)))

        def act(tx: Transaction) -> Lease | None:
            tx.put_lease(_lease(clock, beat=1))
            tx.put_lease(_lease(clock, "another"))
            tx.append(AmountDeposited(account="anna", amount=5))
            return tx.lease("leader")

        assert ledger.transact(act) == _lease(clock, beat=1)
        assert ledger.leases() == [_lease(clock, "another"), _lease(clock, beat=1)]
        assert verify(ledger, [BALANCES], KEY, facts=TEST_FACTS).sound

    def test_a_lease_that_is_removed_is_as_if_nobody_had_held_it(self, ledger: Ledger, clock: Clock) -> None:
        for name in ("leader", "another"):
            ledger.transact(partial(_put, _lease(clock, name)))

        def act(tx: Transaction) -> Lease | None:
            tx.remove_lease("leader")
            tx.remove_lease("nobody's")
            tx.append(AmountDeposited(account="anna", amount=5))
            return tx.lease("leader")

        assert ledger.transact(act) is None
        assert (ledger.lease("leader"), ledger.leases()) == (None, [_lease(clock, "another")])

        def again(tx: Transaction) -> None:
            tx.remove_lease("leader")
            tx.put_lease(_lease(clock, beat=2))

        ledger.transact(again)
        assert ledger.lease("leader") == _lease(clock, beat=2)

    def test_a_lease_of_a_transaction_that_raises_is_not_kept(self, ledger: Ledger, clock: Clock) -> None:
        def act(tx: Transaction) -> None:
            tx.put_lease(_lease(clock))
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            ledger.transact(act)
        assert ledger.leases() == []

    def test_leases_outlive_a_projection_that_is_rebuilt(self, ledger: Ledger, clock: Clock) -> None:
        put(ledger, AmountDeposited(account="anna", amount=5))
        ledger.transact(lambda tx: tx.put_lease(_lease(clock)))
        put(ledger, AmountDeposited(account="anna", amount=5))
        ledger.rebuild(BALANCES)
        assert ledger.leases() == [_lease(clock)]

    def test_the_time_of_a_transaction_is_never_before_the_last_event(
        self, ledger: Ledger, clock: Clock
    ) -> None:
        (event,) = put(ledger, AmountDeposited(account="anna", amount=5))
        clock.forward(hours=-1)
        assert ledger.transact(lambda tx: tx.now()) == event.at
        clock.forward(hours=2)
        assert ledger.transact(lambda tx: tx.now()) > event.at
