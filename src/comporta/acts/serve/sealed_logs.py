"""The logs of production as they are now."""

from __future__ import annotations

from comporta.records import Record, Slice


class SealedLogs(Record, frozen=True, kw_only=True):
    """What was answered and what came true, as it is now.

    requests: of each model its log, if it has one, and the dataset in which earlier releases kept the
    predictions of all models, if there is one; a model that answered nothing has neither.
    """

    requests: dict[str, tuple[Slice, ...]]
    labels: Slice
