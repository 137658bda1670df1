"""The signed token of a CI job (OpenID Connect, RFC 7519): whose job it is, by keys that the project keeps.

Nothing is fetched: the issuer's keys are those of the rule. RS256 and ES256 alone, by the key that the token
names; what a token says of its own algorithm or keys decides nothing else.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from comporta.errors import BadProject, Refused
from comporta.records.record import Record

LEEWAY = timedelta(seconds=60)
LONGEST = 16 * 1024
WHOSE = ("sub", "repository", "repository_id", "project_path", "project_id")
"""Claims of which a rule must name one: an issuer signs the jobs of the whole world."""
JOBS = ("job_id", "run_id")
"""Claims that number a job: of GitLab, of GitHub."""
_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
_NUMBER = re.compile(r"[0-9A-Za-z._-]{1,64}")


class PublicKeySet(Record, frozen=True, kw_only=True):
    """An issuer's keys, as its `jwks_uri` gives them (RFC 7517)."""

    keys: tuple[dict[str, Any], ...]


class IssuerRule(Record, frozen=True, kw_only=True):
    """Which tokens are believed. issuer, audience: as they must say. claims: name → the value that each must
    have. keys: of the issuer."""

    issuer: str
    audience: str
    claims: dict[str, str]
    keys: tuple[dict[str, Any], ...]


class JobIdentity(Record, frozen=True, kw_only=True):
    """A job whose token was believed. rule: the digest of the rule. job: its number, `run_id=42`."""

    rule: str
    job: str


def issuer_rule(issuer: str, audience: str, claims: Mapping[str, str], jwks: bytes) -> IssuerRule:
    """The rule, checked. jwks: the bytes of a key set. Raises BadProject on a key set that is none, and on
    claims that any job of the issuer could have."""
    try:
        keys = msgspec.json.decode(jwks, type=PublicKeySet).keys
        usable = tuple(each for each in keys if each.get("kid") and _public_key(each) is not None)
    except (
        msgspec.MsgspecError,
        UnicodeDecodeError,
        ValueError,
        TypeError,
        KeyError,
        RecursionError,
    ) as error:
        raise BadProject(
            "--jwks: found no set of public keys, expected JSON as the issuer's jwks_uri gives it."
        ) from error
    if not usable:
        raise BadProject("--jwks: found no RSA or P-256 key with a `kid`, expected at least one.")
    if not issuer.startswith("https://") or not audience:
        raise BadProject("--issuer, --audience: found none, expected https://… and a text of your own.")
    if not any(claims.get(name) for name in WHOSE):
        raise BadProject(
            f"--claim: found none of {', '.join(WHOSE)}, expected one: an issuer signs everybody's jobs. "
            "Add --claim repository=OWNER/NAME."
        )
    return IssuerRule(issuer=issuer, audience=audience, claims=dict(claims), keys=usable)


def verify_job_token(token: str, rules: Mapping[str, IssuerRule], now: datetime) -> tuple[JobIdentity, ...]:
    """Whose job it is, by each rule that believes it: at least one. rules: by digest. Raises Refused, which
    shows nothing of the token."""
    header, claims, signed, signature = _parse(token)
    found, why = list[JobIdentity](), "its issuer is not trusted"
    for digest, rule in rules.items():
        if claims.get("iss") != rule.issuer:
            continue
        why = _objection(header, claims, signed, signature, rule, now)
        if not why:
            found.append(JobIdentity(rule=digest, job=_job(claims)))
    if not found:
        raise _refusal(why)
    return tuple(found)


def _objection(
    header: Mapping[str, Any],
    claims: Mapping[str, Any],
    signed: bytes,
    signature: bytes,
    rule: IssuerRule,
    now: datetime,
) -> str:
    """Why the token is not believed by this rule, or empty."""
    jwk = next((each for each in rule.keys if each["kid"] == header.get("kid")), None)
    if jwk is None:
        return "its key is not among those that are kept of the issuer (--jwks)"
    if not _is_signed(jwk, header.get("alg"), signed, signature):
        return "its signature is wrong"
    audience = claims.get("aud")
    if rule.audience not in (audience if isinstance(audience, list) else [audience]):
        return "it is for another audience"
    if (late := _untimely(claims, now)) is not None:
        return late
    if not _job(claims):
        return f"it numbers no job ({', '.join(JOBS)})"
    for name, wanted in rule.claims.items():
        if name not in claims or isinstance(claims[name], dict | list) or str(claims[name]) != wanted:
            return f"its claim {name!r} is another"
    return ""


def _untimely(claims: Mapping[str, Any], now: datetime) -> str | None:
    seconds, leeway = now.timestamp(), LEEWAY.total_seconds()
    times = [claims.get(name) for name in ("exp", "nbf", "iat")]
    if any(isinstance(each, bool) or not isinstance(each, int | float | None) for each in times):
        return "its times are no numbers"
    end, begin, issued = times
    if end is None or end <= seconds - leeway:
        return "it has ended"
    if max(begin or 0, issued or 0) > seconds + leeway:
        return "it is not valid yet: a clock is wrong"
    return None


def _parse(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    pieces = token.split(".")
    if len(token) > LONGEST or len(pieces) != 3 or not all(map(_SEGMENT.fullmatch, pieces)):
        raise _refusal("it is no signed token")
    try:
        header, claims = (msgspec.json.decode(_decode(each), type=dict[str, Any]) for each in pieces[:2])
        signature = _decode(pieces[2])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise _refusal("it is no signed token") from None
    if "crit" in header:
        raise _refusal("it asks for an extension that is not known")
    return header, claims, ".".join(pieces[:2]).encode(), signature


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _public_key(jwk: Mapping[str, Any]) -> Any:
    """The key; None where it is of a kind that is not read, or for encryption."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if jwk.get("use", "sig") != "sig":
        return None
    if jwk.get("kty") == "RSA":
        exponent, modulus = (int.from_bytes(_decode(jwk[name]), "big") for name in ("e", "n"))
        return rsa.RSAPublicNumbers(exponent, modulus).public_key() if modulus.bit_length() >= 2048 else None
    if (jwk.get("kty"), jwk.get("crv")) == ("EC", "P-256"):
        x, y = (int.from_bytes(_decode(jwk[name]), "big") for name in ("x", "y"))
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    return None


def _is_signed(jwk: Mapping[str, Any], algorithm: Any, signed: bytes, signature: bytes) -> bool:
    """Whether the signature is by this key. The key's kind decides the algorithm, the token must agree."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, padding
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    key = _public_key(jwk)
    try:
        if jwk["kty"] == "RSA" and algorithm == "RS256":
            key.verify(signature, signed, padding.PKCS1v15(), SHA256())
            return True
        if jwk["kty"] == "EC" and algorithm == "ES256" and len(signature) == 64:
            r, s = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
            key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(SHA256()))
            return True
    except InvalidSignature:
        return False
    return False


def _job(claims: Mapping[str, Any]) -> str:
    """Its number, as `run_id=42`; empty where the token has none."""
    told = ((name, claims.get(name)) for name in JOBS)
    found = (
        (name, str(value))
        for name, value in told
        if isinstance(value, str | int) and not isinstance(value, bool)
    )
    return next((f"{name}={value}" for name, value in found if _NUMBER.fullmatch(value)), "")


def _refusal(why: str) -> Refused:
    return Refused(
        f"job_token: {why}, so it proves nothing. See: docs/how-to/people.md, `comporta people list`"
    )
