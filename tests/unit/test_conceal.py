"""No value of the data stands in a verdict that becomes a fact; a reader sees it as long as it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from comporta.opened.conceal import conceal, for_a_fact, for_a_reader, reveal, words_of_both
from comporta.records import Figure, Message, Verdict, Words, encode, say
from comporta.store import StepContext, artifact_name, derive
from comporta.store.memory import MemoryStore

KEY = b"k" * 32
NAME = "Zenóbia Quaresma"


def verdict(slice: str = f"patient={NAME}", reason: str = f"0.6 for {NAME}.") -> Verdict:
    figure = Figure(metric="roc_auc", value=0.6, rows=40, slice=slice)
    return Verdict(check="roc_auc by patient", outcome="fail", required=True, reason=reason, figure=figure)


def always(digest: str) -> bool:
    return True


def never(digest: str) -> bool:
    return False


@pytest.fixture
def context(tmp_path: Path) -> StepContext:
    return StepContext(store=MemoryStore(), keys=derive(b"s" * 32), scratch=tmp_path)


def test_neither_slice_nor_sentence_is_left_and_both_come_back() -> None:
    said = verdict()
    concealed, words = conceal(said, KEY)
    assert NAME.encode() not in encode(concealed)
    assert b"patient=" not in encode(concealed), "not even which value it was of"
    assert sorted(words.values()) == sorted([said.figure.slice, said.reason])  # type: ignore[union-attr]
    assert reveal(concealed, words) == said


def test_equal_verdicts_conceal_to_equal_bytes_and_other_keys_to_others() -> None:
    assert encode(conceal(verdict(), KEY)[0]) == encode(conceal(verdict(), KEY)[0])
    mine, theirs = (conceal(verdict(), key)[0].figure for key in (KEY, b"o" * 32))
    assert mine.slice != theirs.slice  # type: ignore[union-attr]


def test_what_is_concealed_stays_as_it_is(context: StepContext) -> None:
    once = for_a_fact(context, [verdict()])
    assert for_a_fact(context, once) == once
    assert for_a_fact(context, for_a_reader(context, once, never)) == once


def test_a_verdict_on_everything_and_without_words_needs_no_artifact(context: StepContext) -> None:
    (plain,) = for_a_fact(context, [verdict(slice="", reason="")])
    assert plain.words is None


def test_once_its_words_are_deleted_a_digest_is_shown(context: StepContext) -> None:
    (concealed,) = for_a_fact(context, [verdict()])
    (shown,) = for_a_reader(context, [concealed], never)
    assert shown.reason == f"0.6 for {NAME}."
    assert concealed.words is not None
    context.store.delete(artifact_name(concealed.words.digest))
    (shown,) = for_a_reader(context, [concealed], always)
    assert shown.reason.startswith("#")
    assert shown.reason.endswith("…")
    assert shown.outcome == "fail"
    assert shown.figure is not None
    assert shown.figure.value == 0.6


def test_words_that_are_missing_are_told_so_and_not_as_deleted(context: StepContext) -> None:
    message = Message("one", {"slice": Words(f"patient={NAME}")})
    (concealed,) = for_a_fact(context, [replace(verdict(), title=message)])
    assert concealed.words is not None
    context.store.delete(artifact_name(concealed.words.digest))
    (shown,) = for_a_reader(context, [concealed], never)
    assert shown.reason.endswith("… (words missing)")
    assert say(shown.title, {"one": "In {slice}"}).endswith("… (words missing)")
    assert for_a_reader(context, [concealed], always)[0].reason.endswith("…")


def test_the_title_of_a_projects_own_check_is_concealed_as_its_reason_is(context: StepContext) -> None:
    said = replace(verdict(), title=f"fine for {NAME}")
    (concealed,) = for_a_fact(context, [said])
    assert NAME.encode() not in encode(concealed)
    assert for_a_reader(context, [concealed], never)[0].title == said.title
    assert concealed.check == said.check, "its id is a name of the project's source"


def test_a_verdict_put_together_of_two_has_the_words_of_both(context: StepContext) -> None:
    first, second = for_a_fact(context, [verdict(), replace(verdict(slice="", reason=""), title="Mine")])
    both = replace(first, title=second.title, words=words_of_both(context, first, second))
    (shown,) = for_a_reader(context, [both], never)
    assert (shown.title, shown.reason) == ("Mine", f"0.6 for {NAME}.")
    assert words_of_both(context, both, second) == both.words


def test_what_an_older_comporta_wrote_out_is_shown_as_it_is(context: StepContext) -> None:
    old = verdict(reason="#" + "a" * 32)
    assert for_a_reader(context, [old], never) == (old,)


def test_a_value_that_looks_like_a_digest_is_concealed_too() -> None:
    said = verdict(slice="#" + "a" * 32)
    concealed, words = conceal(said, KEY)
    assert concealed.figure is not None
    assert concealed.figure.slice != said.figure.slice  # type: ignore[union-attr]
    assert reveal(concealed, words) == said


def test_what_the_data_says_inside_a_message_is_concealed_and_the_message_stays() -> None:
    inner = Message("inner", {"slice": Words(f"patient={NAME}"), "rows": 12})
    message = Message("outer", {"why": inner, "some": (Words(NAME), "declared"), "metric": "roc_auc"})
    said = replace(verdict(slice=""), reason=message)  # type: ignore[arg-type]
    concealed, words = conceal(said, KEY)
    data = encode(concealed)
    assert NAME.encode() not in data
    assert all(each in data for each in (b"declared", b"roc_auc", b'"inner"', b'"rows":12'))
    back = reveal(concealed, words).reason
    assert say(back, {"outer": "{metric}: {why}, {some}", "inner": "{slice} has {rows}"}) == (
        f"roc_auc: patient={NAME} has 12, {NAME}, declared"
    )
    gone = reveal(concealed, {}).reason
    assert "roc_auc: #" in say(gone, {"outer": "{metric}: {why}", "inner": "{slice} has {rows}"})
