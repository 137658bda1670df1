"""A store on any object store that obstore speaks to: S3, Google Cloud, Azure, and its own local ones."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from comporta.errors import BadProject, NotFound, first_line, wording
from comporta.records.credential import mask, shown_url, without_password
from comporta.records.extras import require
from comporta.store.names import require_object_name, require_prefix
from comporta.store.protocol import StoredObject

_SERVICE = re.compile("^(aws|google|azure)_")
_HTTP = "allow_http"  # of the connection, not of the service: obstore takes it elsewhere
_ENDPOINTS = ("endpoint", "endpoint_url", "endpoint_url_s3")
_NO_BUCKET = re.compile("<Code>(NoSuchBucket|ContainerNotFound)</Code>")  # a code of the services' protocols


class ObjectStore:
    """Objects put with mode `create`: the service itself refuses a name that is taken.

    inner: an obstore store. url: what readers are told. config: what else it was opened with, for others that
    open the same one; it may hold secrets. One object is one request, so at most what the
    service takes in one (5 GB on S3).
    """

    def __init__(self, inner: Any, url: str, config: Mapping[str, str] = {}) -> None:
        import obstore

        self.url = url.rstrip("/")
        self.config = dict(config)
        self._inner = inner
        self._obstore = obstore

    def put(self, name: str, data: bytes | Path) -> bool:
        require_object_name(name)
        try:
            self._obstore.put(self._inner, name, data, mode="create", use_multipart=False)
        except self._obstore.exceptions.AlreadyExistsError:
            return False
        except (FileNotFoundError, self._obstore.exceptions.NotFoundError) as error:
            raise self._no_bucket() from error  # nothing else can be missing where something is put
        except self._obstore.exceptions.BaseError as error:
            raise self._store_error(error) from error
        if isinstance(data, Path):
            data.unlink(missing_ok=True)
        return True

    def get(self, name: str) -> bytes:
        try:
            return bytes(self._obstore.get(self._inner, require_object_name(name)).bytes())
        except (FileNotFoundError, self._obstore.exceptions.NotFoundError) as error:
            if _NO_BUCKET.search(str(error)):
                raise self._no_bucket() from error
            raise NotFound(f"{name}: not in the store {self.url}. Run again, or restore a backup.") from None
        except self._obstore.exceptions.BaseError as error:
            raise self._store_error(error) from error

    def delete(self, name: str) -> None:
        try:
            self._obstore.delete(self._inner, require_object_name(name))
        except (FileNotFoundError, self._obstore.exceptions.NotFoundError) as error:
            if _NO_BUCKET.search(str(error)):
                raise self._no_bucket() from error
        except self._obstore.exceptions.BaseError as error:
            raise self._store_error(error) from error

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        # The services' own prefixes end at a `/`; and not every one lists in order of name.
        folder = require_prefix(prefix).rpartition("/")[0]
        try:
            found = [each for page in self._obstore.list(self._inner, folder or None) for each in page]
        except (FileNotFoundError, self._obstore.exceptions.BaseError) as error:
            raise self._store_error(error) from error
        for each in sorted(found, key=lambda each: str(each["path"])):
            if each["path"].startswith(prefix):
                yield StoredObject(name=each["path"], size=each["size"], at=each["last_modified"])

    def _no_bucket(self) -> BadProject:
        where = without_password(self.url)
        return BadProject(
            f"store {where}: found no such bucket, expected one. Make it with the service's own tools, or "
            "correct the URL; Comporta makes none."
        )

    def _store_error(self, error: Exception) -> BadProject:
        if _NO_BUCKET.search(str(error)):
            return self._no_bucket()
        reason = first_line(error)[:300]
        where = without_password(self.url)
        return BadProject(f"store {where}: {mask(reason)}. Check its URL, the credentials and the network.")


def open_objects(url: str, config: Mapping[str, str] = {}) -> ObjectStore:
    """The object store at this URL; credentials come from `config`, then from the environment, as the
    service's own tools'."""
    from_url = require("obstore.store", wording(f"store {without_password(url)}: it")).from_url
    names = {_SERVICE.sub("", name.lower()): name for name in config}
    client: Any = {_HTTP: config[names[_HTTP]].lower() in ("true", "1")} if _HTTP in names else None
    rest: Any = {name: value for name, value in config.items() if name != names.get(_HTTP)}
    try:
        _require_bucket(url)
        _require_http_allowed(url, {name: config[given] for name, given in names.items()})
        return ObjectStore(from_url(url, config=rest or None, client_options=client), url, config)
    except BadProject:
        raise
    except Exception as error:  # boundary: obstore raises various types on a URL it cannot read
        said = mask(f"{without_password(url)!r}, which cannot be opened: {str(error).partition(chr(10))[0]}")
        raise BadProject(f"store: found {said}. Check the URL and store_credentials.") from None


def _require_bucket(url: str) -> None:
    """Raises BadProject on the address of a server that is no cloud's, where the URL of a bucket belongs."""
    from obstore.store import HTTPStore, from_url

    if url.startswith(("http://", "https://")) and isinstance(from_url(url), HTTPStore):
        raise BadProject(
            f"store: found {shown_url(url)}, the address of a server, expected s3://BUCKET/PREFIX. For MinIO "
            "and others that speak S3 the address is AWS_ENDPOINT, in the environment or store_credentials."
        )


def _require_http_allowed(url: str, config: Mapping[str, str]) -> None:
    """Raises BadProject on an S3 service without TLS that nobody allowed. config: by names without `aws_`."""
    if not url.startswith(("s3://", "s3a://")):
        return
    given = {
        name: config.get(name) or os.environ.get(f"AWS_{name.upper()}", "") for name in (*_ENDPOINTS, _HTTP)
    }
    plain = next((given[name] for name in _ENDPOINTS if given[name].startswith("http://")), None)
    if plain is not None and given[_HTTP].lower() not in ("true", "1"):
        raise BadProject(
            f"store {without_password(url)}: found the endpoint {shown_url(plain)}, which encrypts nothing, "
            "expected https://. Where the network is your own, allow it beside the endpoint: "
            "AWS_ALLOW_HTTP=true."
        )
