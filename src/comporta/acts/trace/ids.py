"""What the ids that `comporta trace` takes mean."""

from __future__ import annotations

from typing import Literal

from comporta.errors import BadProject, NotFound
from comporta.opened.dataset_versions import DATASETS
from comporta.opened.project import OpenProject
from comporta.records import Record
from comporta.registry import MODELS

TraceKind = Literal["prediction", "version", "dataset", "row", "subject"]


class TraceTarget(Record, frozen=True, kw_only=True):
    """kind, and what names it: the model or dataset, its number, and the rest of the id."""

    kind: TraceKind
    name: str = ""
    number: int | None = None
    rest: str = ""


def parse_trace_id(opened: OpenProject, text: str) -> TraceTarget:
    """`late/1`, `weather@2`, `weather`, `weather:KEY`, `subject:VALUE`, or a prediction's id.

    Raises NotFound, BadProject on a number that is none.
    """
    head, colon, rest = text.partition(":")
    if colon and head == "subject":
        return TraceTarget(kind="subject", rest=rest)
    if colon and _is_dataset(opened, head):
        return TraceTarget(kind="row", name=head, rest=rest)
    head, at, rest = text.partition("@")
    if _is_dataset(opened, head):
        return TraceTarget(kind="dataset", name=head, number=_number(rest, text) if at else None)
    head, slash, rest = text.partition("/")
    if opened.ledger.get(MODELS, head) is not None:
        return TraceTarget(kind="version", name=head, number=_number(rest, text) if slash else None)
    if colon or at or slash:
        datasets = {key.rpartition("/")[0] for key, _ in opened.ledger.scan(DATASETS)}
        models = {model for model, _ in opened.ledger.scan(MODELS)}
        known = ", ".join(sorted({*datasets, *models})) or "none yet"
        raise NotFound(
            f"found no {head!r}, expected a dataset or model: {known}. "
            "Or a prediction's id, or subject:VALUE."
        )
    return TraceTarget(kind="prediction", rest=text)


def _is_dataset(opened: OpenProject, name: str) -> bool:
    return bool(name) and bool(opened.ledger.scan(DATASETS, f"{name}/", limit=1))


def _number(text: str, whole: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise BadProject(f"{whole}: found the number {text!r}, expected one such as 1.")
    return int(text)
