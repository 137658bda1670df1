"""A report tells which slices were too small to be measured, under the check that asked for them."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from comporta.acts.judge.report import findings
from comporta.checks import at_least, judge, needs
from comporta.opened.sentences import in_words, sentence
from comporta.records import Evidence, Version, columns_of
from comporta.report import Report, page, tell
from comporta.store import MemoryStore, StepContext, derive
from comporta.train.scores import measure_scores

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
SIZES = {"AA": 60, "BB": 50, "OO": 12, "ZZ": 5}


def judged(*checks):
    """The page of a version whose test rows have two carriers of enough rows and two of too few."""
    carriers = [name for name, rows in SIZES.items() for _ in range(rows)]
    truth = [float(n % 7) for n in range(len(carriers))]
    rows = pl.DataFrame(
        {
            "__target": truth,
            "__prediction": [each + 0.5 for each in truth],
            "carrier": carriers,
            "port": ["LIS" if n % 9 else "OPO" for n in range(len(carriers))],
        }
    )
    context = StepContext(store=MemoryStore(), keys=derive(bytes(32)))
    scores = measure_scores(rows, ("mae",), ("carrier", "port"))
    kept = context.put_json(scores)
    evidence = {
        each: Evidence(
            need=each,
            figures=tuple(f for f in scores.figures if columns_of(f) == ((each.by,) if each.by else ())),
            artifact=kept,
        )
        for each in needs(checks)
    }
    version = Version(
        model="late", number=3, run="r1", at=AT, steps={}, parts={}, read=(), policy="p",
        verdicts=judge(checks, evidence),
    )  # fmt: skip
    told = tell(version, AT, lambda verdict: in_words(findings(context, verdict), sentence), sentence)
    return page(Report(version=version, at=AT, project="flights", verdicts=told))


def test_slices_too_small_to_be_measured_are_told_under_the_check_by_that_column():
    text = judged(at_least("mae", 0.1, by="carrier"))
    line = (
        "<p class='note'>Not measured: mae carrier=OO (12 rows, at least 30 expected); "
        "mae carrier=ZZ (5 rows, at least 30 expected).</p>"
    )
    assert line in text
    assert "port=OPO" not in text


def test_a_check_of_the_whole_tells_of_no_slices():
    assert "Not measured" not in judged(at_least("mae", 0.1))
