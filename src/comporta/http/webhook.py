"""Signed webhooks as Standard Webhooks has them (https://www.standardwebhooks.com): who sent it, when, and
once.

The signature is HMAC-SHA256 over `ID.TIMESTAMP.BODY`, in base64 behind `v1,`; of several in the header one
counts. Pure but for `SeenWebhooks`, which remembers in a file.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import msgspec

from comporta.errors import BadProject, BadRequest

TOLERANCE = 300
"""Seconds that its timestamp may be from now, either way."""
SHORTEST_SECRET = 16
_PREFIX = "whsec_"
_ID = re.compile(r"[\x21-\x7e]{1,256}")


def secret_bytes(text: str) -> bytes:
    """The key that signs. text: the secret, or `whsec_` and its base64. Raises BadProject on one that is too
    short to be a secret, or no base64."""
    key = text.encode()
    if text.startswith(_PREFIX):
        try:
            key = base64.b64decode(text[len(_PREFIX) :], validate=True)
        except (binascii.Error, ValueError):
            raise BadProject("webhook_secret: found no base64 behind whsec_. Copy it again.") from None
    if len(key) < SHORTEST_SECRET:
        raise BadProject(
            f"webhook_secret: found {len(key)} bytes, expected at least {SHORTEST_SECRET}, such as: "
            "openssl rand -hex 32"
        )
    return key


def sign_webhook(key: bytes, id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature`."""
    digest = hmac.new(key, b"%s.%d.%s" % (id.encode(), timestamp, body), sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def require_webhook(key: bytes, headers: Mapping[str, str], body: bytes, now: int) -> tuple[str, int]:
    """Its id and timestamp. headers: their names in small letters. now: seconds since 1970.

    Raises BadRequest: 400 where a header lacks or is none, 401 on another signature, or an age above
    `TOLERANCE`."""
    id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if _ID.fullmatch(id) is None or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise BadRequest(
            "expected the headers webhook-id, webhook-timestamp (seconds since 1970) and webhook-signature, "
            "as "
            "Standard Webhooks has them."
        )
    right = sign_webhook(key, id, int(stamp), body).encode()
    shown = headers.get("webhook-signature", "").encode("latin-1", "replace").split()
    # Each is compared, whichever is right: how long it takes tells nothing.
    if sum(hmac.compare_digest(each, right) for each in shown[:16]) == 0:
        raise BadRequest("the webhook's signature is not of this secret, or its body was changed.", 401)
    if abs(int(stamp) - now) > TOLERANCE:
        raise BadRequest(
            f"the webhook was signed {abs(int(stamp) - now)} s from now, expected at most {TOLERANCE} s. "
            "Send it "
            "anew; set the clock.", 401,
        )  # fmt: skip
    return id, int(stamp)


class SeenWebhooks:
    """The ids of those that were taken, as long as their age would let them in once more. file: where they
    are remembered, so that a restart forgets none."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: dict[str, int] = {}
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            self._seen = msgspec.json.decode(file.read_bytes(), type=dict[str, int])

    def take(self, id: str, timestamp: int, now: int) -> None:
        """It comes for the first time. Raises BadRequest, 409, where it was taken before."""
        digest = sha256(id.encode()).hexdigest()
        if digest in self._seen:
            raise BadRequest("this webhook was taken before: its id is known.", 409)
        seen = {each: at for each, at in self._seen.items() if at >= now - TOLERANCE} | {digest: timestamp}
        draft = self._file.with_name(f"{self._file.name}.draft")
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.write_bytes(msgspec.json.encode(seen))
        draft.replace(self._file)
        self._seen = seen  # now: one that could not be written down may come again
