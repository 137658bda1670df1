"""Answers to what a dataset gains, from Python: `comporta predict --follow`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comporta.acts.predict.job import BatchResult
    from comporta.opened.project import OpenProject


def follow(
    opens: Callable[..., AbstractContextManager[OpenProject]],
    version: str,
    input: str,
    output: str,
    stop: Event | None,
    poll: float,
    keep: Sequence[str],
    unreleased: bool,
    by: str,
    reason: str,
) -> Iterator[BatchResult]:
    """A result for each addition; the project stays open until the last."""
    from comporta.acts.predict.follow import follow_dataset
    from comporta.acts.predict.job import BatchRequest
    from comporta.acts.predict.predict import CHUNK
    from comporta.opened.sentences import sentence

    request = BatchRequest(version, input, keep, CHUNK, unreleased, by, reason, None, sentence)
    with opens(works=True) as opened:
        yield from follow_dataset(opened, request, output, poll=poll, stop=stop or Event())
