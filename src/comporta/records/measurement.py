"""How one thing that checks need is measured: the step, and what it reads."""

from __future__ import annotations

from comporta.records.drawing import Drawings, Section
from comporta.records.record import Record, encode


class MeasurementSpec(Record, frozen=True, kw_only=True):
    """How one thing that checks need is measured; plain data, so that reading it loads no step.

    need: what checks call it (`Need.what`). run: the declared id of the step that measures it; empty where
    the need names its own function. The step is called as `measure(context, **arguments)`; its arguments:

    - reads: argument → the name of the thing it is given: `train`, `test`, `model`, `signature`,
      `predictions` (of the test rows), `parity`, `trial`, or another need such as `importance`. Without one
      of these nothing is measured.
    - optional: the same for things that may not exist (`onnx`, `champion predictions`, `champion train`,
      `logged` …); the argument is then left out.
    - variadic: things of which there may be several, for a step with `**arguments`. `earlier`: the reference
      of each earlier version, as `earlier 1` (the newest), `earlier 2` …; `tables`: the dataset versions that
      the features read, as `table <dataset>`.
    - functions: functions of other rooms, each an argument: `opened` (opens a kept model as a `FittedModel`),
      `refitted` (fits one more), `fit` (the project's training function), `served` (puts the candidate behind
      the request path), `raw` (rows as requests carry them), `counted` (counts a dataset's expectations).
    - context: fields of the model's declaration, each an argument: `group`, `slices`, `split`, `task`,
      `output`, `decimals` (where declared), `params`, `metrics`, `known`, `shapes`, `joins` (the dataset
      of each), `way` (how a request becomes features), and `machine`, the digest of the one it runs on.

    The params of the need come as arguments too. output: which of the step's outputs is the thing. cost: 1
    (quick) to 3 (slow); quick ones are measured first. fatal: what it finds may make all other figures
    worthless, so it is measured before them. classes: params that name a class of the target, which `comporta
    check` looks for. section, drawings: where a report tells it, and its pictures.
    """

    need: str = ""
    run: str = ""
    reads: dict[str, str] = {}
    optional: dict[str, str] = {}
    variadic: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    output: str = "findings"
    cost: int = 1
    fatal: bool = False
    classes: tuple[str, ...] = ()
    section: Section = "own"
    drawings: Drawings = Drawings()

    def __hash__(self) -> int:
        return hash(encode(self))
