"""What carries release plans out: looks at each that is under way, as long as it leads.

It may be killed at any moment: what a look counted and decided is recorded in one transaction, with the
traffic that follows. Two that both believe they lead do no harm: each transaction asks whose the lease is.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Callable, Sequence

from comporta import jobs
from comporta.errors import AttemptReplaced, Busy, ComportaError, StorageFull
from comporta.opened.project import OpenProject
from comporta.records.plan import PlanDecision, ReleasePlan
from comporta.records.plan_counts import ArmTally
from comporta.release import plans_under_way

LEASE = "release controller"
LOOK = 2.0
"""Seconds between two looks: what a fuse waits for."""
LENGTH = 20.0
"""Seconds of the lease."""
Tallies = Callable[[ReleasePlan], Sequence[ArmTally]]
Notice = Callable[[ReleasePlan, PlanDecision], None]


class ReleaseController:
    """notify: told of each decision that is another than the last one of its plan. fault: of what keeps it
    from looking."""

    def __init__(
        self,
        opened: OpenProject,
        tallies: Tallies,
        notify: Notice,
        fault: Callable[[str], None],
        *,
        holder: str = "",
    ) -> None:
        self._opened, self._tallies, self._notify, self._tell = opened, tallies, notify, fault
        self._holder = holder or f"controller-{secrets.token_hex(6)}"
        self._watch = jobs.LeaseWatch()
        self._said: dict[str, tuple[str, str]] = {}
        self._fault = ""
        self._token = 0

    def follow(self, stop: threading.Event) -> None:
        """Looks until it is asked to stop, and then lets another lead."""
        while not stop.is_set():
            try:
                self.look()
            except (Busy, StorageFull, AttemptReplaced):
                pass  # it is due the next time too
            # The boundary of the thread: whatever it is, releases are looked at again.
            except Exception as error:
                self._say_fault(_text(error))
            stop.wait(LOOK)
        with contextlib.suppress(ComportaError):
            self._opened.ledger.transact(lambda tx: jobs.let_go(tx, LEASE, self._token))

    def look(self) -> list[tuple[ReleasePlan, PlanDecision]]:
        """One look at every plan under way, where this one leads; else none. Raises Busy, StorageFull,
        AttemptReplaced."""
        if not (plans := plans_under_way(self._opened.ledger)):
            return []
        lease = jobs.hold(self._opened.ledger, LEASE, self._holder, LENGTH, self._watch)
        if lease is None:
            return []
        self._token = lease.token
        # What counts and decides is heavy: a controller that has nothing to do is not.
        from comporta.acts.rollout.turn import turn

        found: list[tuple[ReleasePlan, PlanDecision]] = []
        for plan in plans:
            # Renewed before each, which may take long; lost, another leads.
            lease = jobs.hold(self._opened.ledger, LEASE, self._holder, LENGTH, self._watch)
            if lease is None:
                return found
            self._token = lease.token
            try:
                decision = turn(self._opened, plan, lease, self._tallies(plan))
            except (Busy, StorageFull, AttemptReplaced):
                continue  # it is due the next time too
            # One plan that cannot be looked at keeps no other from it.
            except Exception as error:
                self._say_fault(f"{plan.model}/{plan.version}: {_text(error)}")
                continue
            found.append((plan, decision))
            self._note(plan, decision)
        return found

    def _note(self, plan: ReleasePlan, decision: PlanDecision) -> None:
        last = self._said.get(plan.id)
        now = (decision.act, str(plan.step))
        if now != last:
            self._said[plan.id] = now
            self._notify(plan, decision)

    def _say_fault(self, fault: str) -> None:
        if fault != self._fault:
            self._tell(fault)
        self._fault = fault


def _text(error: Exception) -> str:
    return str(error) if isinstance(error, ComportaError) else f"{type(error).__name__}: {error}"


def controller(opened: OpenProject, notify: Notice, fault: Callable[[str], None]) -> ReleaseController:
    """Of this project, with what its servers counted of requests."""

    def tallies(plan: ReleasePlan) -> Sequence[ArmTally]:
        from comporta.acts.rollout.tallies import plan_tallies

        return plan_tallies(opened, plan)

    return ReleaseController(opened, tallies, notify, fault)
