"""A store in a folder. An object is a file, linked into place only once it is whole and on the medium."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from comporta.errors import BadProject, NotFound, Refused
from comporta.store.disk import in_plain_words, make_folder, sync, sync_folder, write_all
from comporta.store.names import require_object_name, require_prefix
from comporta.store.protocol import StoredObject

# `~` is no character of a name, so nothing put can collide with what is being written.
_WRITING = "~writing"
_LEFT_OVER = 60.0  # seconds; a writer locks its file within microseconds of making it


class LocalStore:
    """Files under `path`, 0600 in folders of 0700. Links never lead a name outside it."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).absolute()
        self.url = self.path.as_uri()
        self._real = os.path.realpath(self.path)
        self._writing = self.path / _WRITING
        with in_plain_words(f"store {self.url}"):
            make_folder(self._writing)
        self._sweep_left_over()

    def put(self, name: str, data: bytes | Path) -> bool:
        target = self._file(name)
        with in_plain_words(f"store {self.url}"):
            try:
                if self._touch_existing(target):
                    return False
                make_folder(target.parent)
            except (NotADirectoryError, FileExistsError):
                raise _both(name) from None
            if isinstance(data, Path):
                return self._put_file(target, data)
            return self._put_bytes(target, data)

    def get(self, name: str) -> bytes:
        try:
            return self._file(name).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            raise NotFound(f"{name}: not in the store {self.url}. Run again, or restore a backup.") from None

    def delete(self, name: str) -> None:
        target = self._file(name)
        try:
            target.unlink()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
            if isinstance(error, PermissionError) and not target.is_dir():  # macOS: unlink of a folder
                raise
            return
        # What is forgotten must stay forgotten after a power cut.
        sync_folder(target.parent)

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        folder, _, _ = require_prefix(prefix).rpartition("/")
        yield from self._walk(folder, prefix)

    def _walk(self, folder: str, prefix: str) -> Iterator[StoredObject]:
        try:
            found = list(os.scandir(self.path / folder))
        except (FileNotFoundError, NotADirectoryError):
            return
        # A folder sorts as `name/`, so that names come in the order of the whole text.
        for each in sorted(found, key=lambda each: each.name + "/" * each.is_dir(follow_symlinks=False)):
            name = f"{folder}/{each.name}" if folder else each.name
            if each.name == _WRITING and not folder:
                continue
            if each.is_dir(follow_symlinks=False):
                if f"{name}/".startswith(prefix) or prefix.startswith(f"{name}/"):
                    yield from self._walk(name, prefix)
            elif name.startswith(prefix) and each.is_file(follow_symlinks=False):
                try:
                    known = each.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # deleted since
                yield StoredObject(
                    name=name, size=known.st_size, at=datetime.fromtimestamp(known.st_mtime, UTC)
                )

    def _file(self, name: str) -> Path:
        target = self.path / require_object_name(name)
        if os.path.realpath(target.parent) != os.path.join(self._real, *name.split("/")[:-1]):  # noqa: PTH118
            raise Refused(f"{name}: a symbolic link stands in its way in {self.url}. Remove the link.")
        return target

    def _touch_existing(self, target: Path) -> bool:
        if target.is_dir():
            raise _both(target.name)
        try:
            # Tells `sweep` that someone counts on it from now on.
            os.utime(target, follow_symlinks=False)
        except FileNotFoundError:
            return False
        # Another writer may have linked it a moment ago; "taken" is an answer one builds on, too.
        sync_folder(target.parent)
        return True

    def _put_bytes(self, target: Path, data: bytes) -> bool:
        draft = self._writing / f"{os.getpid()}-{secrets.token_hex(8)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            write_all(descriptor, data)
            sync(descriptor)
            return self._link(draft, target)
        finally:
            draft.unlink(missing_ok=True)
            os.close(descriptor)

    def _put_file(self, target: Path, source: Path) -> bool:
        with source.open("rb") as opened:
            if source.is_symlink():  # what it points to is not ours to move
                put = self._put_copy(target, source)
                if put:
                    source.unlink()
                return put
            os.fchmod(opened.fileno(), 0o600)
            sync(opened.fileno())
            try:
                put = self._link(source, target)
            except OSError as error:
                if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
                    raise
                put = self._put_copy(target, source)
        if put:
            source.unlink(missing_ok=True)
        return put

    def _put_copy(self, target: Path, source: Path) -> bool:
        draft = self._writing / f"{os.getpid()}-{secrets.token_hex(8)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            with source.open("rb") as opened, os.fdopen(descriptor, "wb", closefd=False) as copy:
                shutil.copyfileobj(opened, copy, 1 << 20)
            sync(descriptor)
            return self._link(draft, target)
        finally:
            draft.unlink(missing_ok=True)
            os.close(descriptor)

    def _link(self, source: Path, target: Path) -> bool:
        try:
            os.link(source, target, follow_symlinks=False)
        except FileExistsError:
            self._touch_existing(target)
            return False
        sync_folder(target.parent)
        return True

    def _sweep_left_over(self) -> None:
        """Removes what killed writers left: old, and locked by nobody."""
        for each in os.scandir(self._writing):
            try:
                if time.time() - each.stat(follow_symlinks=False).st_mtime < _LEFT_OVER:
                    continue
                descriptor = os.open(each.path, os.O_RDONLY | os.O_NOFOLLOW)
            except OSError:
                continue  # gone since, or no file of ours
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                Path(each.path).unlink(missing_ok=True)
            except BlockingIOError:
                pass
            finally:
                os.close(descriptor)


def _both(name: str) -> BadProject:
    return BadProject(f"store name {name!r}: an object and the beginning of another's name. Rename one.")
