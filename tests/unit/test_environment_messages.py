"""What a server and a process of an environment tell each other: released forms, frames that come whole."""

from __future__ import annotations

import socket
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from comporta.opened.environment_messages import (
    EnvironmentAsk,
    EnvironmentOrder,
    EnvironmentReply,
    frame_of_bytes,
    frame_to_bytes,
    receive,
    send,
)
from comporta.records import Record, decode, encode

FORMS: dict[bytes, Record] = {
    b'{"protocol":1,"source":"/s","live":"/p","codecs":[],"compute":["f:f"],"parts":{"model":3}}': (
        EnvironmentOrder(protocol=1, source="/s", live="/p", compute=("f:f",), parts={"model": 3})
    ),
    b'{"compute":null}': EnvironmentAsk(),
    b'{"compute":2}': EnvironmentAsk(compute=2),
    b'{"error":"BadData","message":"x","protocol":1}': EnvironmentReply(error="BadData", message="x"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_message_has_the_form_that_was_released(form: bytes) -> None:
    assert encode(FORMS[form]) == form
    assert decode(form, type(FORMS[form])) == FORMS[form]


def test_messages_come_one_by_one_with_their_bytes_and_none_at_the_end() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        send(ours, EnvironmentAsk(compute=1), b"x" * 100_000)
        send(ours, EnvironmentAsk())
        ours.close()
        assert receive(theirs, EnvironmentAsk) == (EnvironmentAsk(compute=1), b"x" * 100_000)
        assert receive(theirs, EnvironmentAsk) == (EnvironmentAsk(), b"")
        assert receive(theirs, EnvironmentAsk) is None


def test_what_is_no_message_is_refused_before_memory_is_taken() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"\xff" * 12)
        with pytest.raises(ValueError, match="none of this protocol"):
            receive(theirs, EnvironmentAsk)


def test_a_frame_of_every_type_of_a_request_comes_as_it_was_sent() -> None:
    moment = datetime(2026, 2, 27, 10, 30, 0, 123, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "float": [1.5, None],
            "whole": pl.Series([2**62, None], dtype=pl.Int64),
            "unsigned": pl.Series([1, 2], dtype=pl.UInt8),
            "text": ["a\u00e9", None],
            "truth": [True, None],
            "day": [date(2026, 1, 1), None],
            "moment": pl.Series([moment, None], dtype=pl.Datetime("us", "Europe/Lisbon")),
            "word": pl.Series(["b", None], dtype=pl.Enum(["a", "b"])),
            "price": [Decimal("1.25"), None],
            "empty": pl.Series([None, None], dtype=pl.Null),
        }
    )
    assert_frame_equal(frame_of_bytes(frame_to_bytes(frame)), frame)
    assert_frame_equal(frame_of_bytes(frame_to_bytes(frame.clear())), frame.clear())
