"""Tokens of CI jobs, by an issuer of the tests' own: what is believed, and every forgery that is not."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives import hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st

from comporta.access import IssuerRule, issuer_rule, verify_job_token
from comporta.errors import BadProject, Refused

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
GITHUB, AUDIENCE = "https://token.actions.githubusercontent.com", "comporta"
CLAIMS = {
    "iss": GITHUB,
    "aud": AUDIENCE,
    "sub": "repo:acme/churn:ref:refs/heads/main",
    "repository": "acme/churn",
    "ref": "refs/heads/main",
    "run_id": "4711",
    "iat": NOW.timestamp(),
    "exp": (NOW + timedelta(minutes=5)).timestamp(),
}
RULE = {"repository": "acme/churn", "ref": "refs/heads/main"}


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int) -> str:
    return text(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def jwks() -> bytes:
    numbers, point = rsa_key("issuer").public_key().public_numbers(), ec_key().public_key().public_numbers()
    return json.dumps(
        {
            "keys": [
                {"kty": "RSA", "kid": "r1", "use": "sig", "n": number(numbers.n), "e": number(numbers.e)},
                {"kty": "EC", "kid": "e1", "crv": "P-256", "x": number(point.x), "y": number(point.y)},
            ]
        }
    ).encode()


@cache
def rules() -> dict[str, IssuerRule]:
    return {"digest": issuer_rule(GITHUB, AUDIENCE, RULE, jwks())}


def token(claims: dict[str, Any], kid: str = "r1", signer: str = "issuer", **header: Any) -> str:
    """Signed as the header's key is of, unless another algorithm is told."""
    head = {"alg": "ES256" if kid == "e1" else "RS256", "typ": "JWT", "kid": kid, **header}
    signed = f"{text(json.dumps(head).encode())}.{text(json.dumps(claims).encode())}"
    if kid == "e1":
        pair = decode_dss_signature(ec_key().sign(signed.encode(), ec.ECDSA(SHA256())))
        signature = b"".join(each.to_bytes(32, "big") for each in pair)
    else:
        signature = rsa_key(signer).sign(signed.encode(), padding.PKCS1v15(), SHA256())
    return f"{signed}.{text(signature)}"


@pytest.mark.parametrize("kid", ["r1", "e1"])
def test_a_job_of_the_repository_is_known_by_its_token(kid: str) -> None:
    (job,) = verify_job_token(token(CLAIMS, kid), rules(), NOW)
    assert (job.rule, job.job) == ("digest", "run_id=4711")


def test_a_job_of_gitlab_is_known_by_its_own_claims() -> None:
    gitlab = "https://gitlab.example.org"
    kept = {
        "lab": issuer_rule(gitlab, AUDIENCE, {"project_path": "acme/churn", "ref_protected": "true"}, jwks())
    }
    claims = {
        **{name: CLAIMS[name] for name in ("aud", "iat", "exp")},
        "iss": gitlab,
        "project_path": "acme/churn",
        "ref_protected": "true",
        "job_id": "99",
    }
    assert [each.job for each in verify_job_token(token(claims), kept, NOW)] == ["job_id=99"]


FORGED: dict[str, tuple[str, str]] = {
    "another repository": (
        token({**CLAIMS, "repository": "acme/other"}),
        "its claim 'repository' is another",
    ),
    "another branch": (token({**CLAIMS, "ref": "refs/heads/x"}), "its claim 'ref' is another"),
    "a claim that is a list": (token({**CLAIMS, "repository": ["acme/churn"]}), "its claim 'repository'"),
    "no such claim": (token({k: v for k, v in CLAIMS.items() if k != "ref"}), "its claim 'ref' is another"),
    "another audience": (token({**CLAIMS, "aud": "sts"}), "it is for another audience"),
    "another issuer": (token({**CLAIMS, "iss": "https://evil.example"}), "its issuer is not trusted"),
    "ended": (token({**CLAIMS, "exp": NOW.timestamp() - 61}), "it has ended"),
    "without an end": (token({k: v for k, v in CLAIMS.items() if k != "exp"}), "it has ended"),
    "an end that is text": (token({**CLAIMS, "exp": "tomorrow"}), "its times are no numbers"),
    "an end that is true": (token({**CLAIMS, "exp": True}), "its times are no numbers"),
    "not yet": (token({**CLAIMS, "nbf": NOW.timestamp() + 120}), "a clock is wrong"),
    "a key of nobody": (token(CLAIMS, "r9"), "its key is not among those that are kept"),
    "signed by another": (token(CLAIMS, signer="other"), "its signature is wrong"),
    "without an algorithm": (token(CLAIMS, alg="none"), "its signature is wrong"),
    "an algorithm of the other key": (token(CLAIMS, alg="ES256"), "its signature is wrong"),
    "an extension": (token(CLAIMS, crit=["exp"]), "an extension that is not known"),
    "no token": ("ghp_0123456789", "it is no signed token"),
    "empty": ("", "it is no signed token"),
    "endless": ("a" * 20_000, "it is no signed token"),
}


@pytest.mark.parametrize("how", FORGED)
def test_what_is_not_such_a_token_proves_nothing(how: str) -> None:
    forged, why = FORGED[how]
    with pytest.raises(Refused, match=why) as found:
        verify_job_token(forged, rules(), NOW)
    assert not forged or forged not in str(found.value), "a token is shown nowhere"


def test_the_public_key_is_no_secret_to_sign_with() -> None:
    """The confusion of RS256 with HS256, whose key would be the text of the public one."""
    public = rsa_key("issuer").public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    body = token(CLAIMS, alg="HS256").rpartition(".")[0]
    mac = hmac.HMAC(pem, SHA256())
    mac.update(body.encode())
    with pytest.raises(Refused, match="its signature is wrong"):
        verify_job_token(f"{body}.{text(mac.finalize())}", rules(), NOW)


@settings(deadline=None)
@given(st.integers(0, len(token(CLAIMS)) - 1), st.sampled_from("ABCxyz019-_.= é\0"))
def test_a_token_with_any_letter_changed_is_refused(place: int, letter: str) -> None:
    whole = token(CLAIMS)
    changed = whole[:place] + letter + whole[place + 1 :]
    if changed == whole or place == len(whole) - 1:  # the last letter holds bits that are no byte's
        return
    with pytest.raises(Refused):
        verify_job_token(changed, rules(), NOW)


def test_a_clock_a_minute_apart_is_forgiven_and_two_are_not() -> None:
    late = datetime.fromtimestamp(CLAIMS["exp"], UTC)  # type: ignore[arg-type]
    assert verify_job_token(token(CLAIMS), rules(), late + timedelta(seconds=59))
    with pytest.raises(Refused, match="it has ended"):
        verify_job_token(token(CLAIMS), rules(), late + timedelta(seconds=120))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((GITHUB, AUDIENCE, {"ref": "refs/heads/main"}, jwks()), "an issuer signs everybody's jobs"),
        ((GITHUB, AUDIENCE, RULE, b"{}"), "found no set of public keys"),
        ((GITHUB, AUDIENCE, RULE, b"\xff"), "found no set of public keys"),
        ((GITHUB, AUDIENCE, RULE, b'{"keys": []}'), "found no RSA or P-256 key"),
        ((GITHUB, AUDIENCE, RULE, b'{"keys": [{"kid": "x", "kty": "RSA"}]}'), "found no set of public keys"),
        (("http://plain", AUDIENCE, RULE, jwks()), "expected https://"),
        ((GITHUB, "", RULE, jwks()), "expected https://"),
    ],
)
def test_a_rule_that_would_believe_too_much_is_refused(arguments: Any, said: str) -> None:
    with pytest.raises(BadProject, match=said):
        issuer_rule(*arguments)
