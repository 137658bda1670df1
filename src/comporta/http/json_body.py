"""JSON from outside, read by type: what is wrong with it is said without showing what it holds."""

from __future__ import annotations

from typing import Any

import msgspec

from comporta.errors import BadRequest


def decode_json(decoder: msgspec.json.Decoder[Any], data: Any, what: str = "the body") -> Any:
    """The value. what: it is called in errors. Raises BadRequest that says where it is wrong."""
    try:
        return decoder.decode(data)
    except msgspec.ValidationError as error:
        raise BadRequest(f"{what}: {error}.") from None
    except RecursionError:
        raise BadRequest(f"{what} is nested too deeply.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # A UnicodeDecodeError would show the bytes.
        raise BadRequest(
            f"{what} is not JSON: {error if isinstance(error, msgspec.DecodeError) else 'it is not UTF-8'}. "
            "NaN and Infinity are not JSON either."
        ) from None
