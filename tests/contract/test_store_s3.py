"""The object store over the wire: a small server that speaks S3's own protocol, as much as a store needs."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from comporta.errors import BadProject
from comporta.store import Store, open_store
from comporta.testing import StoreContract
from comporta.testing.s3 import running_s3

Server = tuple[str, dict[str, tuple[bytes, datetime]]]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_s3("known-key-id") as running:
        yield running


CREDENTIALS = {"AWS_ACCESS_KEY_ID": "known-key-id", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-west-1"}


class TestS3(StoreContract):
    @pytest.fixture
    def store(self, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Store:
        server[1].clear()
        for name, value in {
            **CREDENTIALS,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ENDPOINT": server[0],
        }.items():
            monkeypatch.setenv(name, value)
        return open_store("s3://bucket/team/project", tmp_path)

    def test_the_service_itself_refuses_a_taken_name(self, store: Store, server: Server) -> None:
        held = server[1]
        store.put("a", b"1")
        assert list(held) == ["team/project/a"]
        held["team/project/b"] = (b"by another machine", datetime.now(UTC))
        assert store.put("b", b"2") is False
        assert store.get("b") == b"by another machine"

    def test_a_service_that_is_not_there_is_said(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:1")
        gone = open_store("s3://bucket/x", Path("/"))
        with pytest.raises(BadProject, match="Check its URL, the credentials and the network"):
            gone.get("a")


ALLOWED = {**CREDENTIALS, "AWS_ALLOW_HTTP": "true"}


@pytest.mark.parametrize("act", ["put", "get", "delete", "list"])
def test_a_bucket_that_is_not_there_is_said_whatever_is_asked(server: Server, act: str) -> None:
    store = open_store("s3://nowhere/x", Path("/"), config={**ALLOWED, "AWS_ENDPOINT": server[0]})
    asked = {"put": ("a", b"1"), "list": ("",)}.get(act, ("a",))
    with pytest.raises(
        BadProject, match=r"store s3://nowhere/x: found no such bucket, expected one\. Make it"
    ):
        list(getattr(store, act)(*asked))


@pytest.mark.parametrize("name", ["AWS_ENDPOINT", "AWS_ENDPOINT_URL", "endpoint"])
def test_an_endpoint_without_encryption_is_opened_only_where_that_is_allowed(
    server: Server, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = r"found the endpoint 'http://127\.0\.0\.1:\d+', which encrypts nothing.*AWS_ALLOW_HTTP=true"
    with pytest.raises(BadProject, match=said):
        open_store("s3://bucket/x", Path("/"), config={**CREDENTIALS, name: server[0]})
    assert open_store("s3://bucket/x", Path("/"), config={**ALLOWED, name: server[0]}).put("b", b"")
    if name.startswith("AWS"):
        monkeypatch.setenv(name, server[0])
        with pytest.raises(BadProject, match=said):
            open_store("s3://bucket/x", Path("/"), config=CREDENTIALS)
    server[1].clear()


@pytest.mark.parametrize("url", ["http://minio:9000/bucket", "https://minio.example.org/bucket/x"])
def test_the_address_of_a_server_is_no_bucket(url: str) -> None:
    with pytest.raises(
        BadProject, match=r"the address of a server, expected s3://BUCKET/PREFIX.*AWS_ENDPOINT"
    ):
        open_store(url, Path("/"), config=CREDENTIALS)
    assert open_store("https://s3.eu-west-1.amazonaws.com/bucket/x", Path("/"), config=CREDENTIALS).url


class TestS3WithCredentialsOfItsOwn(StoreContract):
    """What `store_credentials` stands for opens it, whatever the environment says."""

    @pytest.fixture
    def store(self, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Store:
        server[1].clear()
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-somebody-else")
        config = {**CREDENTIALS, "AWS_ALLOW_HTTP": "true", "AWS_ENDPOINT": server[0]}
        return open_store("s3://bucket/team/project", tmp_path, config=config)

    def test_a_wrong_key_is_refused_without_being_shown(self, server: Server, tmp_path: Path) -> None:
        planted = {"AWS_ACCESS_KEY_ID": "wr0ng-key-id", "AWS_SECRET_ACCESS_KEY": "wr0ng-s3cret"}
        wrong = {**CREDENTIALS, "AWS_ALLOW_HTTP": "true", "AWS_ENDPOINT": server[0], **planted}
        with pytest.raises(BadProject) as error:
            open_store("s3://bucket/x", tmp_path, config=wrong).get("a")
        assert "wr0ng" not in str(error.value)

    def test_an_unknown_name_among_them_is_told_without_its_value(self, tmp_path: Path) -> None:
        with pytest.raises(BadProject, match="nonsense") as error:
            open_store("s3://bucket/x", tmp_path, config={"aws_nonsense": "pl4nted"})
        assert "pl4nted" not in str(error.value)
