"""A project with two versions and a release plan, and traffic made by hand: for tests of rollouts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from comporta.acts.build.run import run
from comporta.acts.release.release import release
from comporta.acts.rollout.controller import ReleaseController
from comporta.cli.init import make
from comporta.data import log_rows
from comporta.data.names import log_of
from comporta.opened.project import OpenProject, open_project
from comporta.records import Feedback, Observation, Route
from comporta.records.plan import PlanDecision, ReleasePlan
from comporta.records.plan_counts import ArmTally
from comporta.release import ROUTES
from comporta.serve.traffic_split import split_traffic

TEXT = """
from sklearn.linear_model import LogisticRegression

from comporta import Dataset, Features, Model, Project, at_least, at_random
from comporta.releases import *

visits = Dataset("visits", "rows.csv", key="id")


def fit(X, y, *, strength=1.0):
    return LogisticRegression(C=strength).fit(X, y)


ill = Model(
    "ill", features=Features("ill", of=visits, known=("pulse", "weight")), target="ill", fit=fit,
    params={"strength": STRENGTH}, split=at_random(0.25), gates=(at_least("accuracy", 0.5, on="value"),),
    RELEASE
)
project = Project("ward", models=(ill,))
"""
CANARY = (
    'release=Canary(percent=(5, 50), metrics=(ReleaseMetric("error", margin=0.3),), horizon="12h", '
    'season="1d", deadline="8d", dwell="1h")'
)


PAIRED = CANARY.replace("percent=(5, 50)", 'decide="paired"')


def with_plan(folder: Path, plan: str) -> None:
    """Declares another plan in a copy of the project."""
    file = folder / "project.py"
    file.write_text(file.read_text().replace(CANARY, plan))


def make_rollout_project(folder: Path, plan: str = CANARY) -> Path:
    """The folder, with `ill/1` released and `ill/2` beside it."""
    make(folder, "loans")
    rows = [
        {"id": each, "pulse": 60 + each % 37, "weight": 50 + each % 41, "ill": (60 + each % 37) > 78}
        for each in range(400)
    ]
    pl.DataFrame(rows).write_csv(folder / "rows.csv")
    for strength in ("0.5", "0.4"):
        text = TEXT.replace("STRENGTH", strength).replace("RELEASE", plan)
        (folder / "project.py").write_text(text)
        with open_project(folder, works=True) as opened:
            run(opened)
            if strength == "0.5":
                release(opened, "ill/1", by="ana")
    return folder


class Traffic:
    """Units that come at a steady rate, answered as the route says and labelled some hours later.

    wrong: (arm) → the share of its answers that are wrong. delay: hours until a label comes, of (arm, whether
    the answer was wrong); None: it never comes.
    """

    def __init__(
        self,
        opened: OpenProject,
        now: list[datetime],
        wrong: Callable[[str], float],
        delay: Callable[[str, bool], float | None] = lambda arm, wrong: 2.0,
        seed: int = 0,
    ) -> None:
        self.opened, self.now, self._wrong, self._delay = opened, now, wrong, delay
        self._draw = np.random.default_rng(seed)
        self._flush = self._count = 0
        self._told: list[Feedback] = []
        self._due: dict[str, float] = {}

    def pass_hours(self, hours: float, units: int, *, latency: int = 500) -> None:
        """So many units come within these hours, one after the other, and each is answered once."""
        opened, start = self.opened, self.now[0]
        route = opened.ledger.get(ROUTES, "ill")
        assert route is not None
        split = split_traffic(route.shares, "ill", route.plan)
        rows = []
        for place in range(units):
            unit, id = f"u{self._count}", f"{self._count:032x}"
            self._count += 1
            share = split.shares[split.index(opened.keys.unit, unit)]
            at = start + timedelta(hours=hours * (place + 0.5) / units)
            truth = bool(self._draw.random() < 0.5)
            wrong = self._is_next(share.role, self._wrong(share.role))
            rows.append(
                Observation(
                    id=id, model="ill", version=share.version, at=at, inputs={"pulse": 70, "weight": 60},
                    output={"label": truth != wrong, "probability": 0.5}, unit=unit,
                    release=route.history[-1].number, arm=share.role, latency_us=latency,
                )
            )  # fmt: skip
            self._shadow(rows, id, at, truth, route)
            late = self._delay(share.role, wrong)
            if late is not None:
                self._told.append(Feedback(id=id, label=truth, arrived=at + timedelta(hours=late)))
        log_rows(opened.store, log_of("ill"), "traffic", self._flush, rows)
        self.now[0] = start + timedelta(hours=hours)
        due = [each for each in self._told if each.arrived <= self.now[0]]
        self._told = [each for each in self._told if each.arrived > self.now[0]]
        if due:
            log_rows(opened.store, "feedback", "traffic", self._flush, due)
        self._flush += 1

    def _is_next(self, of: str, share: float) -> bool:
        """Evenly so often: which units are in an arm is drawn for each plan anew, and no test is to fail for
        an unlucky draw."""
        self._due[of] = self._due.get(of, 0.0) + share
        if self._due[of] < 1:
            return False
        self._due[of] -= 1
        return True

    def _shadow(self, rows: list[Observation], id: str, at: datetime, truth: bool, route: Route) -> None:
        """What a shadow answers: the same, but for a share of `wrong` of its own."""
        for share in route.shares:
            if share.role == "shadow":
                heard = bool(rows[-1].output["label"])
                flips = self._is_next(f"shadow {heard == truth}", self._wrong("shadow"))
                rows.append(
                    Observation(
                        id=f"5{id[1:]}", model="ill", version=share.version, at=at,
                        inputs={"pulse": 70, "weight": 60},
                        output={"label": heard != flips, "probability": 0.5}, unit=rows[-1].unit,
                        release=route.history[-1].number, arm="shadow", latency_us=500, shadow_of=id,
                    )
                )  # fmt: skip


def soon() -> list[datetime]:
    """A clock to be moved by hand."""
    return [datetime.now(UTC) + timedelta(minutes=1)]


def no_tallies(plan: ReleasePlan) -> Sequence[ArmTally]:
    return (ArmTally(), ArmTally())


def controller_of(
    opened: OpenProject,
    decisions: list[PlanDecision],
    tallies: Callable[[ReleasePlan], Sequence[ArmTally]] = no_tallies,
    holder: str = "",
) -> ReleaseController:
    """What carries plans out, each of its decisions noted."""

    def fail(fault: str) -> None:
        raise AssertionError(fault)

    return ReleaseController(
        opened, tallies, lambda plan, decision: decisions.append(decision), fail, holder=holder
    )
