"""TLS from two files: a certificate with its chain, and its key. New ones are taken while the server runs."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

from comporta.errors import BadProject, wording

HANDSHAKE_SECONDS = 10.0


class _KeyIsLockedError(Exception):
    """The key asks for a password, which nobody is there to give."""


class TlsFiles:
    """What a server proves its name with. context: for its connections; of those to come it holds what the
    files hold by now. pair: the key and the certificate as PEM, another one where it was renewed."""

    def __init__(self, certificate: Path, key: Path, *, say: Callable[[str], None] = print) -> None:
        """certificate, key: PEM. Raises BadProject where they cannot be read, or do not fit each other."""
        self._certificate, self._key, self._say = certificate, key, say
        self._marks = self._look_at_files()
        self.pair = (b"", b"")
        self.context = self._load(_context())

    def renew(self) -> None:
        """Takes what the files hold where they have changed. What cannot be taken is said, and what was there
        goes on: of two files that are replaced one after the other the first does not fit yet."""
        marks = self._look_at_files()
        if marks == self._marks:
            return
        self._marks = marks
        try:
            self._load(_context())  # in one of its own first: one that fails is left half-changed
            self._load(self.context)
        except BadProject as error:
            self._say(f"{error} The certificate of before goes on.")
        else:
            self._say(f"{self._certificate}: a new certificate answers.")

    def _look_at_files(self) -> list[tuple[int, int, int]]:
        """What changes with them; nothing of one that is not there."""
        found = []
        for file in (self._certificate, self._key):
            try:
                there = file.stat()
            except OSError:
                continue
            found.append((there.st_mtime_ns, there.st_ino, there.st_size))
        return found

    def _load(self, context: ssl.SSLContext) -> ssl.SSLContext:
        """The context with the files in it. Raises BadProject."""
        certificate = _read(self._certificate, "--tls-cert")
        key = _read(self._key, "--tls-key")
        try:
            context.load_cert_chain(self._certificate, self._key, password=_refuse_password)
        except _KeyIsLockedError:
            raise BadProject(
                f"--tls-key {self._key}: found a key under a password, expected one without. Write it anew: "
                "openssl pkey -in KEY -out NEW"
            ) from None
        except (ssl.SSLError, ValueError) as error:
            raise BadProject(self._wrong(error)) from None
        self.pair = (key, certificate)
        return context

    def _wrong(self, error: Exception) -> str:
        reason = str(getattr(error, "reason", "") or "")
        if "MISMATCH" in reason:
            return wording(
                f"--tls-key {self._key}: found a key that does not fit the certificate {self._certificate}, "
                "expected the one it was made for."
            )
        return wording(
            f"--tls-cert {self._certificate}, --tls-key {self._key}: expected a certificate and its key as "
            f"PEM ({reason or type(error).__name__})."
        )


def tls_files(
    certificate: str | None, key: str | None, *, say: Callable[[str], None] = print
) -> TlsFiles | None:
    """Of both options; None where neither is given. Raises BadProject."""
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        found, missing = ("--tls-cert", "--tls-key") if key is None else ("--tls-key", "--tls-cert")
        raise BadProject(f"found {found} without {missing}, expected both or neither.")
    return TlsFiles(Path(certificate), Path(key), say=say)


def _read(file: Path, option: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise BadProject(f"{option} {file}: cannot be read ({error.strerror}).") from None


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _refuse_password() -> str:
    raise _KeyIsLockedError
