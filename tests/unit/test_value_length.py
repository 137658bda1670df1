"""A huge value is refused while its body comes, and a body of short ones never."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comporta.errors import BadRequest
from comporta.http import value_length
from comporta.http.value_length import VALUE_BYTES, ValueLength

MOST, STRIDE = 24, 8
# A text in its quotes, or what stands outside of texts between two commas or line ends.
VALUES = re.compile(rb'"(?:[^"\\]|\\.)*"|[^",\n]+', re.DOTALL)
TEXTS = st.text(alphabet='ab",\\\n[{é😀', max_size=60)
BODIES = st.recursive(
    TEXTS | st.integers() | st.none() | st.floats(allow_nan=False, allow_infinity=False),
    lambda each: st.lists(each, max_size=5) | st.dictionaries(TEXTS, each, max_size=3),
    max_leaves=8,
)


def is_refused(body: bytes, pieces: list[int], *, quoted: bool = True) -> bool:
    length, at = ValueLength(quoted=quoted), 0
    try:
        for size in [*pieces, len(body)]:
            length.see(body[at : at + size])
            at += size
    except BadRequest as error:
        assert error.status == 413
        return True
    return False


@given(
    body=BODIES, ascii=st.booleans(), indent=st.sampled_from([None, 1]), pieces=st.lists(st.integers(1, 30))
)
def test_a_value_of_json_counts_by_its_bytes_in_whatever_pieces_it_comes(body, ascii, indent, pieces) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(value_length, "VALUE_BYTES", MOST)
        patch.setattr(value_length, "_STRIDE", STRIDE)
        data = json.dumps(body, ensure_ascii=ascii, indent=indent).encode()
        longest = max((len(each) for each in VALUES.findall(data)), default=0)
        refused = is_refused(data, pieces)
        assert refused or longest <= MOST + STRIDE + 2
        assert not refused or longest > MOST


@pytest.mark.parametrize(
    "value",
    [b"1" * 2 * VALUE_BYTES, b'"' + b"a," * VALUE_BYTES, b'"' + rb"\"" * VALUE_BYTES, b" " * 2 * VALUE_BYTES],
    ids=["digits", "text with commas", "escaped quotes", "blanks"],
)
def test_a_huge_value_is_refused_before_it_is_over(value) -> None:
    length = ValueLength(quoted=True)
    length.see(b'{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1.5,')
    with pytest.raises(BadRequest, match="found a value of more than 1 MB"):
        for start in range(0, len(value) + 2**16, 50_000):
            length.see(value[start : start + 50_000])


def test_a_quote_in_a_cell_of_csv_begins_no_text() -> None:
    lines = b'5" pipe,1.5\n' * 60_000
    assert not is_refused(lines, [2**16] * 20, quoted=False)
    assert is_refused(lines + b"7" * 2 * VALUE_BYTES, [], quoted=False)
