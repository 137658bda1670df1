"""Reports: what closes the way comes first, and nothing that was said can change the page."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

from msgspec.structs import replace

from comporta.checks.pool import drawings_of, section_of
from comporta.opened.sentences import in_words, sentence
from comporta.records import (
    Artifact,
    Drawings,
    Figure,
    Findings,
    Slice,
    Table,
    TableCell,
    TableCode,
    TableColumn,
    UnmeasuredFigure,
    Verdict,
    Version,
    Waiver,
    conditions,
    decode,
    encode,
    findings_today,
    in_codes,
)
from comporta.report import Report, ReportedVerdict, junit, markdown, page, sections, standing, tell
from comporta.report.evidence_pictures import pictures, table

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
EVIL = "<script>alert(1)</script> | \"quoted\" & 'single'\nnext"


def told(
    check: str, outcome: str = "pass", what: str = "scores", required: bool = True, **more: object
) -> ReportedVerdict:
    verdict = Verdict(
        check=check,
        outcome=outcome,  # type: ignore[arg-type]
        required=required,
        reason=f"because of {check}",
        figure=Figure(metric="roc_auc", value=0.8, low=0.75, high=0.85, rows=100),
        limit=0.7,
        what=what,
        evidence=Artifact(digest="a" * 64, size=1, kind="json"),
    )
    return ReportedVerdict(
        verdict=verdict, title=check, reason=f"because of {check}", section=section_of(what), **more
    )  # type: ignore[arg-type]


def report(*every: ReportedVerdict) -> Report:
    version = Version(
        model="late", number=3, run="r1", at=AT, commit="0f" * 20, dirty=True, steps={}, parts={}, policy="p",
        read=(Slice(dataset="flights", version="c" * 64, number=2, digest="d" * 64, rows=1000),),
    )  # fmt: skip
    return Report(version=version, at=AT, project="flights", verdicts=every)


def rows_of(id: str, *rows: dict[str, TableCell], **more: object) -> Table:
    """A table of these rows, its columns by their ids."""
    made = TableCode(f"table.{id}", id, {}).of({TableColumn(c): v for c, v in row.items()} for row in rows)
    return replace(made, **more)


FINDINGS = Findings(
    figures=tuple(
        Figure(metric="roc_auc", value=0.7 + n / 100, low=0.6, high=0.9, slice=f"carrier={n}")
        for n in range(40)
    ),
    tables=(
        rows_of(
            "reliability", *({"x": n / 10, "y": n / 11, "low": n / 12, "high": n / 9} for n in range(10))
        ),
        rows_of(
            "shares",
            *({"name": f"feature {n}", "value": 1 / (n + 1), "low": 0.0, "high": 1.0} for n in range(8)),
        ),
        rows_of("rows", *({"row": n, EVIL: EVIL} for n in range(100))),
    ),
    rows=10,
    of=100,
    notes=(EVIL,),
    unmeasured=(UnmeasuredFigure(slice="carrier=ZZ", why="12 rows, at least 30 expected"),),
)
WAIVER = Waiver(
    check="waived",
    by="rui",
    role="validator",
    reason="a trial",
    at=AT,
    until=AT + timedelta(days=9),
    outcome="fail",
)
FULL = report(
    told("good", findings=FINDINGS),
    told(f"bad {EVIL}", "fail", "bias", findings=FINDINGS),
    told("waived", "fail", "noise", waiver=WAIVER),
    told("only told", "inconclusive", "backtest", required=False),
    told("first", "does not apply", "versus"),
    told("ours", "pass", "something of the team"),
)


class Page(HTMLParser):
    """The tags of a page, and whether each is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href") and value]
        if tag not in ("meta", "link", "br", "circle", "line", "rect", "polyline", "polygon"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            assert self.open.pop() == tag


def test_a_page_needs_nothing_from_elsewhere_and_runs_nothing():
    found = Page(page(FULL))
    assert not {"script", "link", "img", "iframe"} & set(found.tags)
    assert all(address.startswith("#") for address in found.addresses)
    assert found.open == []


def test_what_was_said_cannot_become_part_of_the_page():
    assert "<script>" not in page(FULL)
    assert "<script>" not in markdown(FULL)
    assert ET.fromstring(junit(FULL)).attrib["failures"] == "1"


def test_what_closes_the_way_comes_first():
    text = page(FULL)
    assert text.index("What blocks the release") < text.index("Predictive performance")
    assert "may not be released" in text and "may not be released" in markdown(FULL)
    assert "may be released" in page(report(told("good")))


def test_what_could_not_be_measured_is_one_line_under_its_check_and_says_why():
    line = "<p class='note'>Not measured: carrier=ZZ (12 rows, at least 30 expected).</p>"
    text = page(report(told("other", findings=Findings()), told("good", findings=FINDINGS)))
    assert text.count("Not measured") == 1
    assert text.index("<article id='check-good'>") < text.index(line)


def test_of_much_that_was_not_measured_the_line_tells_five_and_how_many_more():
    missing = {f"carrier=<{n}>": "too few" for n in range(40)}
    text = page(report(told("good", findings=findings_today(Findings(missing=missing)))))
    some = "; ".join(f"carrier=&lt;{n}&gt; (too few)" for n in range(5))
    assert f"<p class='note'>Not measured: {some}; and 35 more.</p>" in text
    assert "Not measured (40, the first 30)" in text and "carrier=&lt;29&gt;" in text


def test_a_waived_verdict_is_told_with_who_and_until_when():
    for text in (page(FULL), markdown(FULL), junit(FULL)):
        assert "Waived until 2026-11-30 by rui, validator: a trial" in text
    assert FULL.verdicts[2].blocks is False


def test_a_required_check_that_is_left_open_is_told_as_required_and_closes_nothing():
    open_ = told("too few rows", "inconclusive", decided_at="release")
    full = report(told("good"), open_)
    assert (
        full.releasable and open_.verdict.required and sentence(open_.status) == "inconclusive, not blocking"
    )
    for text in (page(full), markdown(full), junit(full)):
        assert "Required, not blocking here: decided at the level release" in text
        assert "Informational" not in text
    assert "may be released" in markdown(full) and "2 asked, 1 not blocking" in markdown(full)
    assert "inconclusive · required, not blocking until release" in page(full)
    suites = ET.fromstring(junit(full))
    assert suites.attrib["failures"] == "0"
    (case,) = suites.findall(".//testcase[skipped]")
    assert case.attrib["name"] == "too few rows"


def version(*verdicts: Verdict, **more: object) -> Version:
    return Version(
        model="late", number=3, run="r1", at=AT, steps={}, parts={}, read=(), policy="f" * 64,
        verdicts=verdicts, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def waived(check: str, days: int, outcome: str = "fail") -> Waiver:
    return Waiver(
        check=check, by="rui", role="validator", reason="A trial.", at=AT, until=AT + timedelta(days=days),
        outcome=outcome,
    )  # fmt: skip


def test_each_waiver_is_told_as_it_stands_with_the_verdict_before_and_after():
    fails, passes = told("c", "fail").verdict, told("c").verdict
    for verdicts, waivers, words in (
        ((fails,), (waived("c", 9, "inconclusive"),), ["waived"]),
        ((fails,), (waived("c", -1),), ["waiver, ended"]),
        ((fails,), (waived("c", 9), waived("c", 5)), ["waiver, replaced", "waived"]),
        ((passes,), (waived("c", 9),), ["waiver, not needed now"]),
        ((), (waived("c", 9),), ["waiver, not needed now"]),
    ):
        asked = version(*verdicts, waivers=waivers, required_checks=("c",))
        _, *rows = standing(asked, AT)
        assert [name for name, _ in rows] == words
        first = waivers[0]
        then = f"c: until {first.until:%Y-%m-%d} by rui, validator: A trial. It was {first.outcome} then."
        assert rows[0][1] == f"{then} It is {verdicts[0].outcome if verdicts else 'not asked'} now."
        for each in tell(asked, AT):
            assert {each.waiver, *each.past} - {None} == set(waivers), "none is left out"
            assert (each.waiver is not None) == ("waived" in words)


def test_both_policies_are_told_where_they_differ():
    assert standing(version(), AT) == (("policy", "f" * 16),)
    assert standing(version(judged_by="f" * 64), AT) == (("policy", "f" * 16),)
    asked, last = standing(version(judged_by="e" * 64), AT)
    assert (asked[1], last[1]) == ("f" * 16, "e" * 16)


def test_carried_checks_and_those_asked_since_are_told_in_every_report():
    left = replace(told("left out", "fail").verdict, carried=True)
    asked = version(left, told("later").verdict, required_checks=("left out",), judged_by="e" * 64)
    full = Report(
        version=asked, at=AT, project="flights", verdicts=tell(asked, AT), standing=standing(asked, AT)
    )
    for text in (page(full), markdown(full), junit(full)):
        for words in ("left out or changed since", "declared since", "it still counts", "f" * 16, "e" * 16):
            assert words in text
    assert decode(encode(full), Report) == full
    assert ET.fromstring(junit(full)).findall(".//property")[0].attrib["value"] == "f" * 16


def test_every_verdict_stands_under_one_heading():
    found = [each for _, some in sections(FULL.verdicts) for each in some]
    assert sorted(each.verdict.check for each in found) == sorted(
        each.verdict.check for each in FULL.verdicts
    )
    assert sections(FULL.verdicts)[-1][0] == "Custom checks"


def test_junit_is_well_formed_whatever_a_check_is_called():
    odd = replace(FULL.verdicts[0].verdict, check="a \x00 \x1b[31m check", reason="\x0b\uffff.")
    version = replace(FULL.version, verdicts=(odd,))
    full = replace(FULL, version=version, verdicts=tell(version, FULL.at))
    (case,) = ET.fromstring(junit(full)).findall(".//testcase")
    assert case.attrib["name"] == r"a \x00 \x1b[31m check"


def test_junit_counts_what_closes_as_failures_and_the_rest_that_did_not_pass_as_skipped():
    suites = ET.fromstring(junit(FULL))
    assert len(suites.findall(".//testcase")) == len(FULL.verdicts)
    assert len(suites.findall(".//failure")) == 1
    assert len(suites.findall(".//skipped")) == 3


def in_english(what: str) -> Drawings:
    return in_words(drawings_of(what), sentence)


def drawn(what: str, name: str, *rows: dict[str, object]) -> list[str]:
    """The pictures of one table."""
    return list(table(in_english(what), rows_of(name, *rows), name))


def test_figures_and_tables_become_pictures_where_their_columns_say_how():
    text = page(report(told("good", findings=FINDINGS)))
    assert text.count("<figure") == 3
    assert "The first 24 of 40." in text
    assert "The first 30 of 100." in text
    assert "Measured on 10 of 100 rows." in text


def test_of_many_figures_the_one_that_decided_is_among_those_drawn():
    figures = tuple(Figure(metric="gap", value=n / 100, slice=f"pair {n}") for n in range(90))
    worst = Verdict(check="c", outcome="fail", required=True, reason="r", figure=figures[-1], limit=0.1)
    best = Verdict(check="c", outcome="fail", required=True, reason="r", figure=figures[0], limit=0.1)
    for verdict in (worst, best):
        (picture,) = pictures(verdict, Findings(figures=figures))
        assert f"<div class='mark decides'><span>{verdict.figure.slice}</span>" in picture


def test_one_figure_of_a_slice_is_drawn_beside_its_limit():
    figure = Figure(
        metric="importance_moved",
        value=0.7,
        low=0.6,
        high=0.8,
        compared_with="earlier",
        under=conditions(earlier=1),
        slice="earlier 1",
    )
    verdict = Verdict(check="c", outcome="fail", required=True, reason="r", figure=figure, limit=0.5)
    (picture,) = pictures(verdict, Findings(figures=(figure,)))
    assert "Dashed: the limit 0.5." in picture
    assert "with 95 % intervals. Earlier 1 is the version released before this one." in picture


def test_a_change_of_shares_is_drawn_from_what_was_to_what_is():
    row = {
        "against": 1,
        "feature": "age",
        "was": 0.2,
        "is": 0.9,
        "change": 0.7,
        "low": 0.6,
        "high": 2,
    }
    (picture,) = drawn("importance change", "shares", row)
    assert "<b>0.2 → 0.9</b>" in picture and picture.count('class="was"') == 1
    # No share is above 1, whatever the interval of the change says.
    assert 'x2="97.17%"' in picture.split('class="reach"')[1]


def test_groups_are_drawn_apart_by_what_is_measured_of_them():
    rows = [
        {"quantity": quantity, "group": group, "value": value, "low": 0.0, "high": 1.0}
        for quantity in ("true positive rate", "false positive rate")
        for group, value in (("sex=f", 0.3), ("sex=m", 0.6))
    ]
    first, second = drawn("bias", "groups", *rows)
    assert "The true positive rate of each group" in first and "The false positive rate" in second
    assert first.count("class='mark'") == second.count("class='mark'") == 2


def test_what_lies_all_in_one_place_is_no_picture():
    assert drawn("noise", "features", {"feature": "age", "pushed": "missing", "changed": 0.0}) == [""]


def test_shares_of_features_are_bars_the_largest_first_and_rates_a_curve():
    tables = (
        rows_of("explanation", {"feature": "small", "share": 0.1}, {"feature": "large", "share": 0.9}),
        rows_of("curve", *({"x": n / 9, "y": n / 9} for n in range(10))),
    )
    text = page(report(told("good", what="explanation", findings=Findings(tables=tables))), in_english)
    assert text.index(">large<") < text.index(">small<")
    assert text.count("<polyline") == 1


def test_a_report_survives_its_own_json():
    assert decode(encode(FULL), Report) == FULL


def test_a_section_is_called_in_the_language_of_who_reads():
    version = replace(FULL.version, verdicts=(replace(FULL.verdicts[0].verdict, what="noise"),))
    rows = tell(version, AT, say=lambda text: f"<{in_codes(text)}>", section=section_of)
    assert [title for title, _ in sections(rows)] == ["<report.robustness>"]
    assert [title for title, _ in sections(tell(version, AT, say=sentence, section=section_of))] == [
        "Robustness"
    ]
