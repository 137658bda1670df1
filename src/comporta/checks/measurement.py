"""How one thing of the pool is made: a step function, and what it reads of the pool."""

from __future__ import annotations

from comporta.records import Record


class MeasurementSpec(Record, frozen=True, kw_only=True):
    """One row of the pool's table; plain data, so that looking at it loads nothing.

    run: the declared id of the step; its function is called with a context and its arguments by name, and
    a need's params come as arguments too. reads: argument → the thing of the pool it is given. may: the same
    for things that may not be there; the argument is then left out. many: things of which there may be
    several (take `**others`): `earlier` arrive as arguments `earlier 1`, `earlier 2` …, and `tables`, the
    dataset versions that the features read, as `table <dataset>`.
    tools: functions of other rooms lent to it, by argument name: `opened` opens a model, `refitted` fits
    one more, `served` puts the candidate behind the request path, `raw` gives rows as requests carry them,
    `fit` is the project's training function, `counted` counts a dataset's expectations.
    tells: what it is told of the declaration, by argument name: `group`, `slices`, `split`, `task`,
    `output`, `params`, `metrics`, `known`, `shapes`, `way` (how a request becomes features: a bundle); and
    by `machine`, the digest of the one it runs on.
    output: which of the step's outputs is the thing. cost: 1 quick to 3 slow: the quick are asked first.
    fatal: what it finds may make all other figures worthless: it is asked before them.
    """

    run: str
    reads: dict[str, str] = {}
    may: dict[str, str] = {}
    many: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    tells: tuple[str, ...] = ()
    output: str = "findings"
    cost: int = 1
    fatal: bool = False
