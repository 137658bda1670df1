"""`version = f(code, data, params, environment)`: the question, the plan of questions, and the answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from comporta.records.asset import Artifact, Asset
from comporta.records.message import NO_TEXT, Text
from comporta.records.record import Record
from comporta.records.verdict import Need


class Output(Record, frozen=True, kw_only=True, tag="output"):
    """A part of another node's answer, not yet known: output `name` of the node `node_name`.

    may: it need not be there; the argument is then left out.
    """

    node_name: str
    name: str
    may: bool = False


class NodeKey(Record, frozen=True, kw_only=True):
    """What a node makes, and of what: answers are looked up by this, never by a name made of words.

    kind: `data`, `features`, `fit`, `predict` …; `evidence` where it measures `need`. dataset, model: whose.
    trial: of a search, from 1; None: no trial.
    """

    kind: str
    model: str = ""
    dataset: str = ""
    need: Need | None = None
    trial: int | None = None

    @property
    def name(self) -> str:
        """What people read and facts hold, e.g. `fit late`; what measures a need has a name of its own."""
        whose = self.model or self.dataset
        return f"{self.kind} {whose}" if self.trial is None else f"{self.kind} {whose}, trial {self.trial}"

    def output(self, name: str, *, may: bool = False) -> Output:
        """An output of the node that is called as its key says."""
        return Output(node_name=self.name, name=name, may=may)


class Limits(Record, frozen=True, kw_only=True):
    """What one step may use; a step that uses more is ended and fails.

    seconds: wall time; None: no limit.
    memory: bytes of resident memory; None: no limit.

    >>> Limits(seconds=600, memory=4 * 1024**3).memory
    4294967296
    """

    seconds: float | None = None
    memory: int | None = None


class Budget(Record, frozen=True, kw_only=True):
    """Seconds of wall time that the steps of one budget may take, added up: once they are spent no other
    is begun; one that waits for a worker by then still runs. of: whose it is."""

    of: str
    seconds: float


class Node(Record, frozen=True, kw_only=True):
    """One question in a plan, before its inputs are known.

    name: unique in the plan, shown to people, e.g. `fit late`; what facts hold. key: what it makes, of what.
    run: the declared id of a step of Comporta's (`train.fit`), or a project's function: `path.py:function`,
    `module:function`.
    uses: functions handed to it by argument, each named like `run`; a tuple of them arrives as a list.
    inputs: assets, or outputs of earlier nodes, by argument.
    params: plain JSON, by argument. An argument is called by its id: the function's name for it, or what
    `argument_ids` declares where a step of Comporta's was given another.
    remember: False asks again every time (a source that may have new rows); equal answers still let
    everything downstream be reused.
    allow_failure: where it fails, the run goes on without its answer and without what reads it.
    budget: shared with others; a step that has not begun when it is spent fails with the reason `late`.
    """

    name: str
    run: str
    uses: dict[str, str | tuple[str, ...]] = {}
    inputs: dict[str, Asset | Output] = {}
    params: dict[str, Any] = {}
    seed: int = 0
    remember: bool = True
    allow_failure: bool = False
    limits: Limits = Limits()
    budget: Budget | None = None
    key: NodeKey | None = None


class Plan(Record, frozen=True, kw_only=True):
    """Nodes in an order in which each reads only earlier ones."""

    nodes: tuple[Node, ...]


FIT, CODECS, COMPUTE = "_fit", "_codecs", "_compute"
"""Of what a node uses: what of the project counts as its code and is no argument of the step. The training
function, since a kept model may be of the project's classes; the classes of its codecs; the functions that
make features of a request."""


class Recipe(Record, frozen=True, kw_only=True):
    """A question with a digest: equal recipes have equal answers.

    run, uses: as in `Node`; older ones hold `module:function` of Comporta's. Which functions they name counts
    by `code` alone. code: digest of the step function, all it `uses` and every project function they reach.
    environment: digest of interpreter, platform and the distributions that this code imports.
    """

    run: str
    uses: dict[str, str | tuple[str, ...]]
    code: str
    environment: str
    inputs: dict[str, Asset]
    params: dict[str, Any]
    seed: int


class Cost(Record, frozen=True, kw_only=True):
    """What a step took. cpu_seconds: user and system. peak_memory: bytes, resident."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory: int = 0


class Step(Record, frozen=True, kw_only=True):
    """A remembered answer. recipe: the question's digest. log: what it printed, or None."""

    recipe: str
    outputs: dict[str, Asset]
    cost: Cost = Cost()
    log: Artifact | None = None
    run: str = ""
    at: datetime | None = None


class Answer(Record, frozen=True, kw_only=True):
    """What came of one node in one run. source: the project that was asked it, where it was another one."""

    node: str
    recipe: str
    step: Step
    reused: bool
    source: str = ""


class Answers(dict[str, Answer]):
    """The answers of one run of a plan, by the node's name for people, and by its key for everything else."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._names = {node.key: node.name for node in plan.nodes if node.key is not None}

    def name_of(self, key: NodeKey) -> str | None:
        """What the plan calls the node of this key; None where it has none."""
        return self._names.get(key)

    def of(self, key: NodeKey) -> Answer | None:
        """The answer of the node of this key; None where it is not in the plan, or has no answer."""
        name = self._names.get(key)
        return None if name is None else self.get(name)


RunPurpose = Literal["build", "check", "judge", "reproduce", "other"]
"""What a run is for: only `build` enters versions."""


class Run(Record, frozen=True, kw_only=True):
    """One asking of a plan. id: sorts by time. command: as people read it.

    commit: of the project's git repository, or empty. dirty: whether the project's files
    differed from that commit.
    nodes: name → digest of its recipe, as far as it came. reason: why it ended so; details: an artifact of
    kind `text` that tells more. by: the id of who began it, or empty.
    """

    id: str
    project: str
    command: str
    purpose: RunPurpose = "other"
    commit: str = ""
    dirty: bool = False
    started: datetime
    ended: datetime | None = None
    outcome: Literal["running", "done", "failed", "stopped"] = "running"
    reason: Text = NO_TEXT
    details: Artifact | None = None
    total: int = 0
    nodes: dict[str, str] = {}
    reused: tuple[str, ...] = ()
    by: str = ""
