"""A `.proto` file read without its compiler: as much of the language as `open_inference.proto` is written in.

Language: protobuf.dev, "Protocol Buffers Version 3 Language Specification". A message may hold messages, one
`oneof`, fields, repeated fields and maps by text.
"""

from __future__ import annotations

import re
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto

_COMMENT = re.compile(r"//[^\n]*")
_PIECE = re.compile(
    r"message (?P<message>\w+) \{|oneof (?P<oneof>\w+) \{|(?P<end>\})"
    r"|(?:map<string, (?P<map>\w+)>|(?P<repeated>repeated )?(?P<type>\w+)) (?P<field>\w+) = (?P<number>\d+);"
)
_SCALARS = {
    name: getattr(FieldDescriptorProto, f"TYPE_{name.upper()}")
    for name in ("bool", "int32", "int64", "uint32", "uint64", "float", "double", "string", "bytes")
}


def file_descriptor(name: str, text: str) -> FileDescriptorProto:
    """The messages of a file of this name. Types of fields are looked up by whoever adds it to a pool."""
    text = _COMMENT.sub("", text)
    package = re.search(r"package ([\w.]+);", text)
    file = FileDescriptorProto(name=name, syntax="proto3", package=package[1] if package else "")
    messages = text[text.index("\nmessage ") :]
    inside: list[DescriptorProto] = []
    oneof = False
    for piece in _PIECE.finditer(messages):
        if piece["message"]:
            inside.append(
                (inside[-1].nested_type if inside else file.message_type).add(name=piece["message"])
            )
        elif piece["oneof"]:
            inside[-1].oneof_decl.add(name=piece["oneof"])
            oneof = True
        elif piece["end"] and oneof:
            oneof = False
        elif piece["end"]:
            inside.pop()
        elif piece["map"]:
            _add_map(inside[-1], piece["field"], int(piece["number"]), piece["map"], f".{file.package}.")
        else:
            field = _add_field(
                inside[-1], piece["field"], int(piece["number"]), piece["type"], bool(piece["repeated"])
            )
            if oneof:
                field.oneof_index = 0
    return file


def _add_field(message: DescriptorProto, name: str, number: int, type: str, repeated: bool) -> Any:
    field = message.field.add(name=name, number=number)
    field.label = FieldDescriptorProto.LABEL_REPEATED if repeated else FieldDescriptorProto.LABEL_OPTIONAL
    if type in _SCALARS:
        field.type = _SCALARS[type]
    else:
        field.type, field.type_name = FieldDescriptorProto.TYPE_MESSAGE, type
    return field


def _add_map(message: DescriptorProto, name: str, number: int, type: str, package: str) -> None:
    """A map is a repeated message of key and value, which the file does not write."""
    entry = message.nested_type.add(name="".join(part.title() for part in name.split("_")) + "Entry")
    entry.options.map_entry = True
    _add_field(entry, "key", 1, "string", False)
    _add_field(entry, "value", 2, package + type, False)
    _add_field(message, name, number, entry.name, True)
