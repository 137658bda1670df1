"""The object store over the wire: a small server that speaks S3's own protocol, as much as a store needs."""

import hashlib
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

import pytest

from comporta.errors import BadProject
from comporta.store import Store, open_store
from comporta.testing import StoreContract

LOCK = threading.Lock()


class S3(BaseHTTPRequestHandler):
    """PutObject with If-None-Match, GetObject, DeleteObjects, ListObjectsV2 in pages of three."""

    protocol_version = "HTTP/1.1"
    objects: dict[str, tuple[bytes, datetime]]

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with LOCK:
            if self.headers.get("If-None-Match") == "*" and self._key() in self.objects:
                return self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            self.objects[self._key()] = (body, datetime.now(UTC).replace(microsecond=0))
        return self._answer(200, tag=body)

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if "list-type" in (query := parse_qs(asked.query)):
            return self._answer(200, self._listed(query))
        if self._key() not in self.objects:
            return self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        body, at = self.objects[self._key()]
        return self._answer(200, body, tag=body, at=at)

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        keys = [unescape(key) for key in re.findall("<Key>(.*?)</Key>", asked)]
        for key in keys:
            self.objects.pop(key, None)
        deleted = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        self._answer(200, f"<DeleteResult>{deleted}</DeleteResult>".encode())

    def _listed(self, query: dict[str, list[str]]) -> bytes:
        prefix, after = query.get("prefix", [""])[0], query.get("continuation-token", [""])[0]
        found = sorted(key for key in self.objects if key.startswith(prefix) and key > after)
        page, more = found[:3], len(found) > 3
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.objects[key][0])}</Size>"
            f"<LastModified>{self.objects[key][1]:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f"<ETag>&quot;x&quot;</ETag></Contents>"
            for key in page
        )
        token = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if more else ""
        truncated = f"<IsTruncated>{str(more).lower()}</IsTruncated>"
        return f"<ListBucketResult>{truncated}{token}{contents}</ListBucketResult>".encode()

    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).removeprefix("/bucket/")

    def _answer(
        self, status: int, body: bytes = b"", tag: bytes | None = None, at: datetime | None = None
    ) -> None:
        self.send_response(status)
        if tag is not None:
            self.send_header("ETag", f'"{hashlib.md5(tag).hexdigest()}"')
        self.send_header("Last-Modified", format_datetime(at or datetime.now(UTC), usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), S3)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


class TestS3(StoreContract):
    @pytest.fixture
    def store(self, server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Store:
        S3.objects = {}
        for name, value in {
            "ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "REGION": "eu-west-1", "ALLOW_HTTP": "true",
            "ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        }.items():  # fmt: skip
            monkeypatch.setenv(f"AWS_{name}", value)
        return open_store("s3://bucket/team/project", tmp_path)

    def test_the_service_itself_refuses_a_taken_name(self, store: Store) -> None:
        store.put("a", b"1")
        assert list(S3.objects) == ["team/project/a"]
        S3.objects["team/project/b"] = (b"by another machine", datetime.now(UTC))
        assert store.put("b", b"2") is False
        assert store.get("b") == b"by another machine"

    def test_a_service_that_is_not_there_is_said(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:1")
        gone = open_store("s3://bucket/x", Path("/"))
        with pytest.raises(BadProject, match="Check its URL, the credentials and the network"):
            gone.get("a")
