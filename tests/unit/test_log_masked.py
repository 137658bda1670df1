"""What `data show` hides of a prediction log: personal columns of requests, and what may name a person."""

from __future__ import annotations

from comporta.data.row_columns import personal_columns


def test_personal_columns_of_requests_are_hidden_whatever_type_they_have() -> None:
    log = [
        "id",
        "at",
        "subject",
        "in.customer",
        "in.customer:text",
        "in.city",
        "out.label",
        "joined",
        "key",
        "unit",
    ]
    assert personal_columns(log, {"customer"}) == {"in.customer", "in.customer:text", "joined", "key", "unit"}


def test_a_column_of_the_log_itself_is_not_one_of_requests() -> None:
    assert personal_columns(["customer", "out.customer"], {"customer"}) == set()
