"""What is said is kept as a code and its values; sentences are made when somebody reads them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from comporta.records import Message, Text, Words, code, codes_in, decode, encode, say

FEW = code("test.few", "{rows:,} rows, at least {least} expected", rows=int, least=int)
IN = code("test.in", "Not measured in {slice}: {why}.", slice=Words, why=Text)
ENGLISH = {each.id: each.template for each in (FEW, IN)}


def test_a_message_is_stored_as_its_code_and_values_and_read_as_a_sentence():
    said = IN(slice=Words("carrier=AA"), why=FEW(rows=1200, least=30))
    kept = encode(said)
    assert b"expected" not in kept
    assert decode(kept, Message) == said
    assert say(decode(kept, Text), ENGLISH) == "Not measured in carrier=AA: 1,200 rows, at least 30 expected."


def test_a_sentence_of_an_older_comporta_is_shown_as_it_was():
    assert say(IN(slice=Words("a=b"), why="one class only"), ENGLISH).endswith("a=b: one class only.")
    assert say("Few enough.", {}) == "Few enough."


def test_a_code_that_a_reader_does_not_know_shows_its_values():
    assert say(FEW(rows=3, least=30), {}) == "test.few (rows=3, least=30)"


def test_a_value_of_the_data_may_be_known_by_its_digest_alone():
    assert say(IN(slice=Words(digest="ab" * 32), why="x"), ENGLISH) == "Not measured in #abababababab: x."


@pytest.mark.parametrize(
    "values", [{"rows": 3}, {"rows": "3", "least": 30}, {"rows": 3, "least": 30, "x": 1}]
)
def test_values_are_those_declared_and_of_their_types(values):
    with pytest.raises(TypeError, match=r"code test\.few"):
        FEW(**values)


def test_a_sentence_names_declared_values_only_and_an_id_is_one_codes():
    with pytest.raises(ValueError, match="not declared"):
        code("test.odd", "{what}", who=str)
    with pytest.raises(ValueError, match=r"called 'test\.few'"):
        codes_in(SimpleNamespace(a=FEW, b=code("test.few", "other")))
    assert codes_in(SimpleNamespace(a=FEW, also=FEW)) == {"test.few": FEW.template}
