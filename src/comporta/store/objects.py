"""A store on any object store that obstore speaks to: S3, Google Cloud, Azure, and its own local ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from comporta.errors import BadProject, MissingExtra, NotFound, first_line
from comporta.records.credential import mask, without_password
from comporta.store.names import require_object_name, require_prefix
from comporta.store.protocol import StoredObject

_SERVICE = re.compile("^(aws|google|azure)_")
_HTTP = "allow_http"  # of the connection, not of the service: obstore takes it elsewhere


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
        except self._obstore.exceptions.BaseError as error:
            raise self._store_error(error) from error
        if isinstance(data, Path):
            data.unlink(missing_ok=True)
        return True

    def get(self, name: str) -> bytes:
        try:
            return bytes(self._obstore.get(self._inner, require_object_name(name)).bytes())
        except (FileNotFoundError, self._obstore.exceptions.NotFoundError):
            raise NotFound(f"{name}: not in the store {self.url}. Run again, or restore a backup.") from None
        except self._obstore.exceptions.BaseError as error:
            raise self._store_error(error) from error

    def delete(self, name: str) -> None:
        try:
            self._obstore.delete(self._inner, require_object_name(name))
        except (FileNotFoundError, self._obstore.exceptions.NotFoundError):
            return
        except self._obstore.exceptions.BaseError as error:
            raise self._store_error(error) from error

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        # The services' own prefixes end at a `/`; and not every one lists in order of name.
        folder = require_prefix(prefix).rpartition("/")[0]
        try:
            found = [each for page in self._obstore.list(self._inner, folder or None) for each in page]
        except self._obstore.exceptions.BaseError as error:
            raise self._store_error(error) from error
        for each in sorted(found, key=lambda each: str(each["path"])):
            if each["path"].startswith(prefix):
                yield StoredObject(name=each["path"], size=each["size"], at=each["last_modified"])

    def _store_error(self, error: Exception) -> BadProject:
        reason = first_line(error)[:300]
        where = without_password(self.url)
        return BadProject(f"store {where}: {mask(reason)}. Check its URL, the credentials and the network.")


def open_objects(url: str, config: Mapping[str, str] = {}) -> ObjectStore:
    """The object store at this URL; credentials come from `config`, then from the environment, as the
    service's own tools'."""
    try:
        from obstore.store import from_url
    except ImportError:
        raise MissingExtra(
            f"store {url}: needs the extra `objects`. Install it: pip install 'comporta[objects]'."
        ) from None
    names = {_SERVICE.sub("", name.lower()): name for name in config}
    client: Any = {_HTTP: config[names[_HTTP]].lower() in ("true", "1")} if _HTTP in names else None
    rest: Any = {name: value for name, value in config.items() if name != names.get(_HTTP)}
    try:
        return ObjectStore(from_url(url, config=rest or None, client_options=client), url, config)
    except Exception as error:  # boundary: obstore raises various types on a URL it cannot read
        said = mask(f"{without_password(url)!r}, which cannot be opened: {str(error).partition(chr(10))[0]}")
        raise BadProject(f"store: found {said}. Check the URL and store_credentials.") from None
