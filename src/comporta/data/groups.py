"""Which files a version is read from: what a compaction made, where it holds what is wanted."""

from __future__ import annotations

from collections.abc import Sequence

from comporta.data.dataset_log import DatasetLog
from comporta.data.fragments import ResolvedFragment
from comporta.data.names import has_written_size
from comporta.store import Store


def group_fragments(
    store: Store, history: DatasetLog, found: Sequence[ResolvedFragment], *, looks: bool = True
) -> list[ResolvedFragment]:
    """The same rows from fewer files, where a compaction holds them; in the order of their first rows.

    A group is read where at least half of its rows are wanted and its files are there; else what it was made
    of is. looks: False takes for granted that they are there.
    """
    if not history.groups:
        return list(found)
    place = {stand.now.id: at for at, stand in enumerate(found)}
    if len(place) < len(found):
        return list(found)
    taken: set[int] = set()
    first: dict[int, list[ResolvedFragment]] = {}
    # The largest first: a later compaction may hold what earlier ones hold, and more.
    for ids, fragments in sorted(history.groups, key=lambda group: -len(group[0])):
        at = [place.get(id) for id in ids]
        mine = {each for each in at if each is not None}
        if len(mine) < 2 or mine & taken:
            continue
        if 2 * sum(found[each].now.rows for each in mine) < sum(each.rows for each in fragments):
            continue
        if looks and not all(has_written_size(store, history.dataset, each) for each in fragments):
            continue
        of = tuple(None if each is None else found[each].named for each in at)
        first[min(mine)] = [ResolvedFragment(each, each, of) for each in fragments]
        taken |= mine
    out: list[ResolvedFragment] = []
    for nth, stand in enumerate(found):
        out += first.get(nth, [] if nth in taken else [stand])
    return out
