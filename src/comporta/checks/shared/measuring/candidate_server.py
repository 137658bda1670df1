"""A candidate behind the real request path, as a step is lent it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

import polars as pl


class CandidateServer(Protocol):
    """Where a candidate answers. pid: of its process. failed: forms that it cannot serve, and why.
    take_features: those of raw requests since they were last taken. live_files: files of the project's folder
    that its code asked for and was refused, as a release will be."""

    @property
    def url(self) -> str: ...

    @property
    def pid(self) -> int: ...

    @property
    def failed(self) -> Mapping[str, str]: ...

    def take_features(self) -> list[pl.DataFrame]: ...

    def live_files(self) -> tuple[str, ...]: ...


Served = Callable[..., AbstractContextManager[CandidateServer]]
"""Called with a context, the parts of a version and its forms: where it answers, for as long as one asks."""
