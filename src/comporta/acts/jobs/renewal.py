"""The lease of an attempt, renewed beside it: a ledger that keeps one waiting keeps neither the attempt's
limit of time waiting nor whoever asks its worker to stop."""

from __future__ import annotations

import threading
import time
from types import TracebackType

from comporta import jobs
from comporta.errors import Busy, StorageFull
from comporta.jobs import ClaimRules
from comporta.ledger import Ledger
from comporta.records.job import Job


class Renewal:
    """Renews while it is entered. cancelled: somebody asked for the job's end. replaced: another attempt took
    the place of this one. unreachable: for the length of the lease the ledger could not be reached, so that
    another may have taken it.

    Where the ledger is full, or held by somebody, nobody can take a job over: then it is asked again, and the
    attempt goes on.
    """

    def __init__(self, ledger: Ledger, job: Job, worker: str, rules: ClaimRules) -> None:
        self._ledger, self._job, self._worker, self._rules = ledger, job, worker, rules
        self.cancelled = self.replaced = self.unreachable = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="comporta-lease", daemon=True)

    def __enter__(self) -> Renewal:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _renew(self) -> None:
        job, length = self._job, self._rules.lease
        renewed = time.monotonic()
        while not self._ended.wait(length / 3):
            asked = time.monotonic()
            try:
                known = self._ledger.transact(
                    lambda tx: jobs.renew(tx, job.id, job.token, self._worker, self._rules)
                )
            except (Busy, StorageFull):
                renewed = time.monotonic()
            # Also what no user should see: a thread that dies of it would leave the attempt without a lease.
            except Exception:
                self.unreachable = time.monotonic() - renewed > length
            else:
                renewed, self.unreachable = asked, False
                self.replaced = known is None
                self.cancelled = known is not None and known.cancel
                if self.replaced:
                    return
