"""A public key is a point by which only one person can sign."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from comporta.access.ed25519 import P, is_public_key

ORDER_8 = (
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
)


def test_every_key_that_is_made_is_one() -> None:
    for each in range(8):
        private = Ed25519PrivateKey.from_private_bytes(bytes([each]) * 32)
        assert is_public_key(private.public_key().public_bytes_raw().hex())
    # RFC 8032, section 7.1, test 1.
    assert is_public_key("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")


@pytest.mark.parametrize(
    "text",
    [
        "ff" * 32,
        *(number.to_bytes(32, "little").hex() for number in (0, 1, P - 1, P, P + 1, 2)),
        (1 | 1 << 255).to_bytes(32, "little").hex(),
        *ORDER_8,
    ],
)
def test_what_is_no_point_or_one_by_which_anybody_signs_is_none(text: str) -> None:
    assert not is_public_key(text)
