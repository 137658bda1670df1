"""The one sentence of a release says what came of it, in the direction in which people think of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from comporta.opened.sentences import sentence
from comporta.records import Text
from comporta.records.plan import PlanEnd
from comporta.release import codes
from comporta.report import (
    EvidencePoint,
    ReleaseArm,
    ReleaseQuestion,
    ReleaseReport,
    ReleaseStep,
    ReportedOutcome,
    release_markdown,
    release_page,
    sentence_of,
)

NOW = datetime(2026, 12, 1, tzinfo=UTC)


def outcome(
    name: str, ratio: float | None, low: float | None, high: float | None, **more: Any
) -> ReportedOutcome:
    settled = more.pop("settled", ())
    asked = ("harm", "non_inferior", *(("superior",) if "superior" in settled else ()))
    points = tuple(
        EvidencePoint(
            at=NOW + timedelta(days=day), units=100 * day, evidence=dict.fromkeys(asked, 0.5 * day),
            ratio=ratio, low=low, high=high,
        )
        for day in range(3)
    )  # fmt: skip
    fields = {
        "better": "lower", "is_share": True, "canary": 0.05, "control": 0.05, "worst": 1.1, "margin": 0.1,
        "horizon": 86_400.0, "units": 1000, "unlabelled": 0.0, "seasons": 1, "points": points, **more,
    }  # fmt: skip
    questions = tuple(
        ReleaseQuestion(
            question=each, evidence=3.0 if each in settled else 0.5, limit=3.0, settled=each in settled
        )
        for each in asked
    )
    return ReportedOutcome(outcome=name, ratio=ratio, low=low, high=high, questions=questions, **fields)


def report(
    *outcomes: ReportedOutcome, why: Text, end: PlanEnd | None = None, state: Any = "ended"
) -> ReleaseReport:
    found = ReleaseReport(
        project="shop", version="late/3", control="late/2", plan="p", kind="canary", paired=False,
        state=state, end=end, at=NOW + timedelta(days=3), started=NOW,
        ended=NOW + timedelta(days=2) if end else None,
        why=why, alpha=0.05,
        steps=(ReleaseStep(share=0.05, state="over", began=NOW), ReleaseStep(share=0.5, state="next")),
        moments=(),
        arms=tuple(
            ReleaseArm(arm=arm, version="late/3", units=9, requests=9, failed=0, slow=0, unlogged=0)
            for arm in ("canary", "control")
        ),
        outcomes=outcomes, exclusions=(), expected=None,
    )  # fmt: skip
    return replace(found, sentence=sentence_of(found))


def told(*outcomes: ReportedOutcome, why: Text, **rest: Any) -> str:
    return sentence(report(*outcomes, why=why, **rest).sentence)


HELD = codes.PASSED(findings=())


def test_promoted_names_what_held_and_what_is_better_with_its_interval() -> None:
    error = outcome("error", 1.0, 0.95, 1.08, settled=("non_inferior",))
    revenue = outcome("revenue", 1.021, 1.004, 1.039, better="higher", settled=("non_inferior", "superior"))
    found = told(error, revenue, why=HELD, end="promoted")
    assert found == "promoted: non-inferior on both metrics, better on revenue by 2.1 % [0.4, 3.9]"
    assert told(error, why=HELD, end="promoted") == "promoted: non-inferior on error"
    three = told(error, error, error, why=HELD, end="promoted")
    assert three == "promoted: non-inferior on all 3 metrics"


@pytest.mark.parametrize(
    ("better", "ratio", "low", "high", "expected"),
    [
        ("lower", 1.5, 1.2, 1.9, "worse on error by 50 % [20, 90]"),
        ("higher", 0.8, 0.7, 0.95, "worse on error by 20 % [5, 30]"),
        ("lower", 1.5, 1.2, None, "worse on error by 50 % [20, no limit]"),
        ("lower", 30.0, 2.0, 400.0, "worse on error by >1000 % [100, >1000]"),
    ],
)
def test_harm_is_told_as_how_much_worse(
    better: Any, ratio: float, low: float, high: float | None, expected: str
) -> None:
    found = outcome("error", ratio, low, high, better=better, settled=("harm",))
    why = codes.HARM(outcome="error", rates=codes.NO_RATE())
    assert told(found, why=why, end="rolled_back") == f"rolled back: {expected}"


def test_what_is_open_says_so_and_what_a_person_did_is_not_told_twice() -> None:
    late = outcome("error", 0.9, 0.7, 1.2)
    waits = codes.UNDECIDED_YET(findings=())
    assert told(late, why=waits, state="running") == (
        "under way, step 1 of 2 (5 % of units): better on error by 10 % [-20, 30] (not shown yet)"
    )
    none = outcome("error", None, None, None, canary=None)
    assert told(none, why=codes.PAUSED(), state="paused").endswith(
        "(5 % of units): nothing known of error yet"
    )
    assert told(late, why=codes.ABORTED(), end="aborted") == "ended by a person"
    by_hand = told(late, why=codes.PROMOTED_BY_HAND(), end="promoted")
    assert by_hand == "promoted: by a person, before outcomes decided"


def test_a_fuse_or_arms_unlike_are_told_as_they_ended_it() -> None:
    fuse = codes.FUSE_FAILURES(failed=9, requests=100, share=0.09, limit=0.05)
    late = outcome("error", 0.9, 0.7, 1.2)
    assert told(late, why=fuse, end="rolled_back").startswith("rolled back: 9 of 100 requests")


def test_a_page_and_markdown_hold_no_markup_of_names() -> None:
    hostile = outcome("<script>alert(1)</script>|`", 1.5, 1.2, None, settled=("harm",))
    why = codes.HARM(outcome="error", rates=codes.NO_RATE())
    found = report(hostile, why=why, end="rolled_back")
    html, text = release_page(found, sentence), release_markdown(found, sentence)
    assert "<script" not in html and "&lt;script" in html
    assert "<script" not in text and "\\|" in text
    assert html.index("class='sentence bad'") < html.index("<section>")
    assert 'class="band"' in html and 'class="limit"' in html
