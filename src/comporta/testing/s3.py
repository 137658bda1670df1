"""A small server that speaks S3's own protocol, as much as a store and a reader of Parquet need."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape, unescape


class S3(BaseHTTPRequestHandler):
    """PutObject with If-None-Match, HeadObject, GetObject also of a range, DeleteObjects, ListObjectsV2 in
    pages of three. The bucket is called `bucket`; there is no other. access: the key id that requests must be
    signed with; empty: any."""

    protocol_version = "HTTP/1.1"
    objects: dict[str, tuple[bytes, datetime]]
    lock: threading.Lock
    access = ""

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self._stranger():
            return
        with self.lock:
            if self.headers.get("If-None-Match") == "*" and self._key() in self.objects:
                self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
                return
            self.objects[self._key()] = (body, datetime.now(UTC).replace(microsecond=0))
        self._answer(200, tag=body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        if self._stranger():
            return
        asked = urlsplit(self.path)
        if "list-type" in (query := parse_qs(asked.query)):
            self._answer(200, self._list(query))
        elif self._key() not in self.objects:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            body, at = self.objects[self._key()]
            part = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
            if part is None:
                self._answer(200, body, tag=body, at=at)
                return
            first, last = part.groups()
            start = int(first) if first else max(0, len(body) - int(last))
            end = min(int(last), len(body) - 1) if first and last else len(body) - 1
            self._answer(206, body[start : end + 1], tag=body, at=at, part=(start, end, len(body)))

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self._stranger():
            return
        keys = [unescape(key) for key in re.findall("<Key>(.*?)</Key>", asked)]
        for key in keys:
            self.objects.pop(key, None)
        deleted = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        self._answer(200, f"<DeleteResult>{deleted}</DeleteResult>".encode())

    def _stranger(self) -> bool:
        """Whether the request has its answer: it is not signed with the right key id, or of no bucket."""
        if self.access and f"Credential={self.access}/" not in self.headers.get("Authorization", ""):
            self._answer(403, b"<Error><Code>InvalidAccessKeyId</Code></Error>")
            return True
        if urlsplit(self.path).path.split("/")[1] != "bucket":
            self._answer(404, b"<Error><Code>NoSuchBucket</Code></Error>")
            return True
        return False

    def _list(self, query: dict[str, list[str]]) -> bytes:
        prefix, after = query.get("prefix", [""])[0], query.get("continuation-token", [""])[0]
        with self.lock:
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
        self,
        status: int,
        body: bytes = b"",
        tag: bytes | None = None,
        at: datetime | None = None,
        part: tuple[int, int, int] | None = None,
    ) -> None:
        self.send_response(status)
        if tag is not None:
            self.send_header("ETag", f'"{hashlib.md5(tag).hexdigest()}"')
        if part is not None:
            self.send_header("Content-Range", f"bytes {part[0]}-{part[1]}/{part[2]}")
        self.send_header("Last-Modified", format_datetime(at or datetime.now(UTC), usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet."""


@contextmanager
def running_s3(access: str = "") -> Iterator[tuple[str, dict[str, tuple[bytes, datetime]]]]:
    """The address of a server, `http://127.0.0.1:PORT`, and what it holds: name → (bytes, when put).

    access: the key id that requests must be signed with; empty: any.
    """
    held: dict[str, tuple[bytes, datetime]] = {}
    handler = type("OneS3", (S3,), {"objects": held, "lock": threading.Lock(), "access": access})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", held
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
