"""Names of people: when two are one, and which read as another's."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comporta.errors import BadProject
from comporta.records.identity import canonical_name, clean_name, require_plain

LETTERS = st.text(st.characters(categories=["L", "M", "N", "P", "Zs"]), min_size=1, max_size=20)


@given(LETTERS, st.sampled_from(["NFC", "NFD"]))
def test_a_name_is_the_same_in_each_canonical_form_of_unicode(name: str, form: str) -> None:
    try:
        expected = canonical_name(name)
    except BadProject:
        return
    other = unicodedata.normalize(form, name)  # type: ignore[arg-type]
    assert canonical_name(other) == expected == canonical_name(expected)


@pytest.mark.parametrize(
    "name",
    ["\u0430na", "\u0410na Sousa", "\uff41\uff4e\uff41", "\uff41na", "an\u03b1", "pe\u217ea", "\ufb01na"],
)
def test_a_name_that_reads_as_anothers_is_refused(name: str) -> None:
    with pytest.raises(BadProject, match=r"reads as|could be read as another's name"):
        require_plain(clean_name(name))


@pytest.mark.parametrize(
    "name",
    ["Ana Sousa", "Анна Петрова", "Ana Петрова", "Åsa Öberg", "Γιώργος", "田中 Kenji", "佐藤", "O'Neill",
     "José-María", "billing.2", "محمد", "नीता", "Đặng Thị", "İpek"],
)  # fmt: skip
def test_a_name_of_any_language_is_taken(name: str) -> None:
    require_plain(clean_name(name))
