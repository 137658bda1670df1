"""Records as JSON for people and scripts: each message as its sentence, and beside it its code and values."""

from __future__ import annotations

from typing import Any

import msgspec

from comporta.opened.sentences import Say, sentence
from comporta.records import Message


def as_json(value: Any, say: Say = sentence) -> Any:
    """Plain JSON values of a record, or of anything made of records. A field `reason` that is a message
    becomes its sentence, and `reason_code` holds the code and the values; so with several messages in a tuple
    or a dict, null standing for what is none."""
    if isinstance(value, Message):
        return say(value)
    if isinstance(value, msgspec.Struct):
        return _fields(value, say)
    if isinstance(value, dict):
        return {str(name): as_json(each, say) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [as_json(each, say) for each in value]
    return msgspec.to_builtins(value)


def _fields(value: msgspec.Struct, say: Say) -> dict[str, Any]:
    config = value.__struct_config__
    values: dict[str, Any] = {str(config.tag_field): config.tag} if config.tag is not None else {}
    for field in msgspec.structs.fields(value):
        each = getattr(value, field.name)
        values[field.encode_name] = as_json(each, say)
        if (code := _code(each)) is not None:
            values[f"{field.encode_name}_code"] = code
    return values


def _code(value: Any) -> Any:
    """The codes of what is a message, or directly holds some; None for all else."""
    if isinstance(value, Message):
        return {"code": value.code, "values": msgspec.to_builtins(value.values)}
    if isinstance(value, tuple | list) and any(isinstance(each, Message) for each in value):
        return [_code(each) for each in value]
    if isinstance(value, dict) and any(isinstance(each, Message) for each in value.values()):
        return {name: _code(each) for name, each in value.items()}
    return None
