"""Tokens of a project: made, renewed and revoked, and what a server is handed of them."""

import sqlite3
from datetime import timedelta

import pytest

from comporta.acts.serve.serving import ReleasedVersions
from comporta.acts.tokens import tokens
from comporta.errors import NotFound, Refused, Tampered
from comporta.http.bearer import read_token
from comporta.opened.project import open_project
from comporta.records.token import Quota


@pytest.fixture
def opened(tmp_path, unpack_house):
    with open_project(unpack_house(tmp_path / "shop")) as opened:
        yield opened


def test_a_token_is_made_renewed_and_revoked_and_the_ledger_never_holds_its_secret(opened) -> None:
    first = tokens.add(opened, "billing", models=("leaving",), quota=Quota(rows_a_day=5), by="Ada")
    assert read_token(first.text) == (first.token.id, first.token.digest)
    assert tokens.valid(opened) == (first.token,)
    second = tokens.rotate(opened, "billing", overlap=timedelta(hours=1))
    assert (second.token.models, second.token.quota) == (first.token.models, first.token.quota)
    assert [each.id for each in tokens.valid(opened)] == [second.token.id, first.token.id]
    assert {each.id for each in tokens.revoke(opened, "billing")} == {first.token.id, second.token.id}
    assert tokens.valid(opened) == ()
    assert {each.id for each in tokens.tokens(opened)} == {first.token.id, second.token.id}
    bodies = b"".join(each.body or b"" for each in opened.ledger.events())
    for made in (first, second):
        secret = made.text.rpartition("_")[2][:64].encode()
        assert secret not in bodies
        assert made.token.digest.encode() in bodies
    assert b"Ada" not in bodies


def test_a_refused_token_leaves_nothing_behind(opened) -> None:
    before = opened.ledger.head()
    with pytest.raises(NotFound, match="expected one of: leaving"):
        tokens.add(opened, "billing", models=("nobody",))
    with pytest.raises(Refused, match="a day to come"):
        tokens.add(opened, "billing", ends=opened.now())
    with pytest.raises(NotFound, match="found no valid token"):
        tokens.rotate(opened, "billing")
    assert opened.ledger.head() == before


def test_a_table_that_was_edited_lets_nobody_in(opened) -> None:
    made = tokens.add(opened, "billing", models=("leaving",))
    versions = ReleasedVersions(opened)
    assert versions.tokens() == (made.token,)
    with sqlite3.connect(opened.root / ".comporta/ledger.db") as database:
        of = "where reading = 'token' and key = ?"
        (text,) = database.execute(f"select state from ledger_readings {of}", (made.token.id,)).fetchone()
        wider = text.replace('"models":["leaving"],', "")
        assert wider != text
        database.execute(f"update ledger_readings set state = ? {of}", (wider, made.token.id))
    assert tokens.valid(opened)[0].models == ()
    with pytest.raises(Tampered, match="the token billing"):
        versions.tokens()
    with pytest.raises(Tampered, match="the token billing"):
        ReleasedVersions(opened).tokens()
