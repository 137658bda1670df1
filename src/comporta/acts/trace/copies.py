"""The copies of a dataset version or a model version outside of the store, as branches of a trace."""

from __future__ import annotations

from msgspec import UNSET

from comporta.acts.trace import codes
from comporta.acts.trace.tree import TraceTree
from comporta.opened.copies import Copy, copies_of
from comporta.opened.lineage import GraphPlace
from comporta.opened.people import copies_with_names
from comporta.opened.project import OpenProject
from comporta.records import Code, Message


def copies(opened: OpenProject, place: GraphPlace) -> tuple[TraceTree, ...]:
    """A branch for each export, fetch or batch: who, when, how many rows, which personal columns, why."""
    of_data = place.kind == "data"
    copied, answered = (
        (codes.EXPORTED_BY, codes.ANSWERED_BY) if of_data else (codes.FETCHED_BY, codes.ANSWERED_ROWS)
    )
    return tuple(
        TraceTree(
            kind="copy",
            id="",
            label=_label(each, answered, copied),
            facts={
                "at": f"{each.at:%Y-%m-%d %H:%M:%S}",
                **({"rows": f"{each.rows:,}"} if each.rows is not None else {}),
                **({"personal": ", ".join(each.revealed)} if each.revealed else {}),
                **({"why": each.reason} if each.reason else {}),
            },
        )
        for each in copies_with_names(opened, *copies_of(opened.ledger, place))
    )


def _label(each: Copy, answered: Code, copied: Code) -> Message:
    if each.made_of is not UNSET:
        return codes.ANSWERS_OF(version=each.beside, rows=each.made_of, by=each.by)
    return answered(beside=each.beside, by=each.by) if each.beside else copied(by=each.by)
