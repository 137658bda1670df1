"""Predictions and labels that could not be sealed: which, and to have them tried again."""

from __future__ import annotations

from comporta.acts.data.maintenance import record_maintenance
from comporta.acts.serve.serving_log import logs_of
from comporta.data.open_rows import open_rows
from comporta.data.rejected import RejectedLine, read_rejected, reopen_rejected
from comporta.opened.permission import permission, require_permission
from comporta.opened.project import OpenProject


def rejected_rows(opened: OpenProject) -> tuple[RejectedLine, ...]:
    """Every object of rejected rows, log by log, each with its causes. Raises Tampered."""
    require_permission(opened, "data.read")
    return tuple(each for log in logs_of(opened) for each in read_rejected(opened.store, log))


def retry_rejected(opened: OpenProject) -> int:
    """All rejected rows are open again, for the next seal to try; how many there were. Raises Tampered."""
    who = permission(opened, "data.write", nameless=True)
    record_maintenance(who, "retry", "")
    return sum(reopen_rejected(opened.store, log) for log in logs_of(opened))


def waiting_rows(opened: OpenProject) -> int:
    """How many objects of rows wait to be sealed."""
    return sum(len(open_rows(opened.store, log)) for log in logs_of(opened))
