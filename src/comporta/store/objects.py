"""A store on any object store that obstore speaks to: S3, Google Cloud, Azure, and its own local ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from comporta.errors import BadProject, MissingExtra, NotFound
from comporta.store.names import checked, checked_prefix
from comporta.store.protocol import Entry


class ObjectStore:
    """Objects put with mode `create`: the service itself refuses a name that is taken.

    inner: an obstore store. url: what readers are told. One object is one request, so at most what the
    service takes in one (5 GB on S3).
    """

    def __init__(self, inner: Any, url: str) -> None:
        import obstore

        self.url = url.rstrip("/")
        self._inner = inner
        self._obstore = obstore

    def put(self, name: str, data: bytes | Path) -> bool:
        checked(name)
        try:
            self._obstore.put(self._inner, name, data, mode="create", use_multipart=False)
        except self._obstore.exceptions.AlreadyExistsError:
            return False
        except self._obstore.exceptions.BaseError as error:
            raise self._said(error) from error
        if isinstance(data, Path):
            data.unlink(missing_ok=True)
        return True

    def get(self, name: str) -> bytes:
        try:
            return bytes(self._obstore.get(self._inner, checked(name)).bytes())
        except (FileNotFoundError, self._obstore.exceptions.NotFoundError):
            raise NotFound(f"{name}: not in the store {self.url}. Run again, or restore a backup.") from None
        except self._obstore.exceptions.BaseError as error:
            raise self._said(error) from error

    def delete(self, name: str) -> None:
        try:
            self._obstore.delete(self._inner, checked(name))
        except (FileNotFoundError, self._obstore.exceptions.NotFoundError):
            return
        except self._obstore.exceptions.BaseError as error:
            raise self._said(error) from error

    def list(self, prefix: str = "") -> Iterator[Entry]:
        # The services' own prefixes end at a `/`; and not every one lists in order of name.
        folder = checked_prefix(prefix).rpartition("/")[0]
        try:
            found = [each for page in self._obstore.list(self._inner, folder or None) for each in page]
        except self._obstore.exceptions.BaseError as error:
            raise self._said(error) from error
        for each in sorted(found, key=lambda each: str(each["path"])):
            if each["path"].startswith(prefix):
                yield Entry(name=each["path"], size=each["size"], at=each["last_modified"])

    def _said(self, error: Exception) -> BadProject:
        reason = str(error).strip().splitlines()[0][:300]
        return BadProject(f"store {self.url}: {reason}. Check its URL, the credentials and the network.")


def open_objects(url: str) -> ObjectStore:
    """The object store at this URL; credentials come from the environment, as the service's own tools'."""
    try:
        from obstore.store import from_url
    except ImportError:
        raise MissingExtra(
            f"store {url}: needs the extra `objects`. Install it: pip install 'comporta[objects]'."
        ) from None
    try:
        return ObjectStore(from_url(url), url)
    except Exception as error:  # boundary: obstore raises various types on a URL it cannot read
        raise BadProject(f"store: found {url!r}, which cannot be opened: {error}. Check the URL.") from error
