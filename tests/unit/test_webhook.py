"""Signed webhooks: a published vector, openssl as a stranger that signs, and everything that is refused."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comporta.errors import BadProject, BadRequest
from comporta.http.webhook import TOLERANCE, SeenWebhooks, require_webhook, secret_bytes, sign_webhook

# The example of Standard Webhooks' own libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, AT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
KEY = secret_bytes(SECRET)


def headers(signature: str = SIGNATURE, id: str = ID, at: object = AT) -> dict[str, str]:
    return {"webhook-id": id, "webhook-timestamp": str(at), "webhook-signature": signature}


def test_the_published_vector_is_signed_and_taken() -> None:
    assert sign_webhook(KEY, ID, AT, BODY) == SIGNATURE
    assert require_webhook(KEY, headers(), BODY, AT) == (ID, AT)
    assert require_webhook(KEY, headers(f"v1,AAAA v2,x {SIGNATURE}"), BODY, AT + TOLERANCE) == (ID, AT)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not here")
def test_what_openssl_signs_as_the_guide_says_is_taken() -> None:
    secret = "0123456789abcdef0123456789abcdef"
    signed = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", secret, "-binary"], input=b"push-1.1700000000.{}",
        capture_output=True, check=True,
    )  # fmt: skip
    header = headers(f"v1,{base64.b64encode(signed.stdout).decode()}", "push-1", 1700000000)
    assert require_webhook(secret_bytes(secret), header, b"{}", 1700000000)


@pytest.mark.parametrize(
    ("changed", "body", "now", "status", "text"),
    [
        ({}, b'{"test": 2432232315}', AT, 401, "signature"),
        ({"webhook-id": "msg_other"}, BODY, AT, 401, "signature"),
        ({"webhook-timestamp": str(AT + 1)}, BODY, AT, 401, "signature"),
        ({"webhook-signature": "v1,"}, BODY, AT, 401, "signature"),
        ({"webhook-signature": "ÿ"}, BODY, AT, 401, "signature"),
        ({"webhook-signature": ""}, BODY, AT, 401, "signature"),
        ({"webhook-id": ""}, BODY, AT, 400, "webhook-id"),
        ({"webhook-id": "a b"}, BODY, AT, 400, "webhook-id"),
        ({"webhook-timestamp": "-1"}, BODY, AT, 400, "webhook-timestamp"),
        ({"webhook-timestamp": "9" * 5000}, BODY, AT, 400, "webhook-timestamp"),
        ({"webhook-timestamp": "٣"}, BODY, AT, 400, "webhook-timestamp"),
        ({}, BODY, AT + TOLERANCE + 1, 401, "301 s from now"),
        ({}, BODY, AT - TOLERANCE - 1, 401, "301 s from now"),
    ],
)
def test_what_is_not_signed_so_or_too_old_is_refused(
    changed: dict[str, str], body: bytes, now: int, status: int, text: str
) -> None:
    with pytest.raises(BadRequest, match=text) as raised:
        require_webhook(KEY, headers() | changed, body, now)
    assert raised.value.status == status


@settings(max_examples=25)
@given(st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text()))
def test_no_header_whatever_is_a_fault(given_headers: dict[str, str]) -> None:
    with pytest.raises(BadRequest):
        require_webhook(KEY, given_headers, b"", AT)


def test_a_replay_is_refused_also_after_a_restart_and_forgotten_once_it_is_too_old(tmp_path: Path) -> None:
    file = tmp_path / "up" / "webhooks.json"
    SeenWebhooks(file).take(ID, AT, AT)
    again = SeenWebhooks(file)
    with pytest.raises(BadRequest, match="taken before") as raised:
        again.take(ID, AT, AT + 1)
    assert raised.value.status == 409
    again.take("other", AT + TOLERANCE + 1, AT + TOLERANCE + 1)
    assert ID not in file.read_text() and len(SeenWebhooks(file)._seen) == 1


def test_a_file_that_is_none_counts_as_empty(tmp_path: Path) -> None:
    (tmp_path / "seen").write_bytes(b"[")
    SeenWebhooks(tmp_path / "seen").take(ID, AT, AT)


@pytest.mark.parametrize("secret", ["short", "whsec_c2hvcnQ=", "whsec_%%%%"])
def test_a_secret_that_is_none_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(BadProject) as raised:
        secret_bytes(secret)
    assert secret not in str(raised.value)


def test_one_that_could_not_be_remembered_may_come_again(tmp_path: Path) -> None:
    (tmp_path / "seen.draft").mkdir()
    seen = SeenWebhooks(tmp_path / "seen")
    with pytest.raises(OSError):
        seen.take(ID, AT, AT)
    (tmp_path / "seen.draft").rmdir()
    seen.take(ID, AT, AT)
    with pytest.raises(BadRequest):
        seen.take(ID, AT, AT)
