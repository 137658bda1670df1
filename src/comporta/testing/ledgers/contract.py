"""What every ledger must do, whole."""

from __future__ import annotations

import pytest

from comporta.ledger import Ledger
from comporta.testing.clock import Clock
from comporta.testing.ledgers.audits import AuditContract
from comporta.testing.ledgers.facts import BALANCES, AccountClosed, AmountDeposited, Balance, Opens, put
from comporta.testing.ledgers.leases import LeaseContract
from comporta.testing.ledgers.transactions import TransactionContract


class LedgerContract(TransactionContract, AuditContract, LeaseContract):
    """Give a fixture `opens` (see `Opens`): with no options it opens with `[BALANCES]`, the key `KEY`, the
    fixture `clock`, and `facts=TEST_FACTS`; a new, empty ledger for each test."""

    @pytest.fixture
    def clock(self) -> Clock:
        return Clock()

    @pytest.fixture
    def ledger(self, opens: Opens) -> Ledger:
        return opens()

    def test_a_projection_can_be_rebuilt_from_the_events(self, ledger: Ledger) -> None:
        put(
            ledger,
            AmountDeposited(account="anna", amount=5),
            AmountDeposited(account="bo", amount=5),
            AccountClosed(account="bo"),
        )
        ledger.rebuild(BALANCES)
        assert ledger.scan(BALANCES) == [("anna", Balance(amount=5, entries=1))]
        put(ledger, AmountDeposited(account="anna", amount=1))
        assert ledger.get(BALANCES, "anna") == Balance(amount=6, entries=2)
