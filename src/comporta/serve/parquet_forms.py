"""What Parquet's metadata is made of: of each structure the fields, and what each is.

https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift

A decoder that knows a field may read it as what it is there, whatever the bytes before it say; one that
skips it goes by those bytes. Where the two differ, what was looked at is not what is decoded: so both must
agree.
"""

from __future__ import annotations

from comporta.serve.thrift_compact import BINARY, BOOL, BYTE, DOUBLE, I16, I32, I64, Form

_EMPTY: Form = {}
_STATISTICS: Form = {
    1: BINARY, 2: BINARY, 3: I64, 4: I64, 5: BINARY, 6: BINARY, 7: BOOL, 8: BOOL, 9: I64
}  # fmt: skip
_TIME: Form = {1: BOOL, 2: {1: _EMPTY, 2: _EMPTY, 3: _EMPTY}}
_LOGICAL_TYPE: Form = {
    1: _EMPTY, 2: _EMPTY, 3: _EMPTY, 4: _EMPTY, 5: {1: I32, 2: I32}, 6: _EMPTY, 7: _TIME, 8: _TIME,
    10: {1: BYTE, 2: BOOL}, 11: _EMPTY, 12: _EMPTY, 13: _EMPTY, 14: _EMPTY, 15: _EMPTY, 16: {1: BYTE},
    17: {1: BINARY}, 18: {1: BINARY, 2: I32},
}  # fmt: skip
_SCHEMA_ELEMENT: Form = {
    1: I32, 2: I32, 3: I32, 4: BINARY, 5: I32, 6: I32, 7: I32, 8: I32, 9: I32, 10: _LOGICAL_TYPE
}  # fmt: skip
_KEY_VALUE: Form = {1: BINARY, 2: BINARY}
_COLUMN: Form = {
    1: I32, 2: [I32], 3: [BINARY], 4: I32, 5: I64, 6: I64, 7: I64, 8: [_KEY_VALUE], 9: I64, 10: I64, 11: I64,
    12: _STATISTICS, 13: [{1: I32, 2: I32, 3: I32}], 14: I64, 15: I32, 16: {1: I64, 2: [I64], 3: [I64]},
    17: {1: dict.fromkeys(range(1, 9), DOUBLE), 2: [I32]},
}  # fmt: skip
_CHUNK: Form = {
    1: BINARY, 2: I64, 3: _COLUMN, 4: I64, 5: I32, 6: I64, 7: I32,
    8: {1: _EMPTY, 2: {1: [BINARY], 2: BINARY}}, 9: BINARY,
}  # fmt: skip
_ROW_GROUP: Form = {
    1: [_CHUNK], 2: I64, 3: I64, 4: [{1: I32, 2: BOOL, 3: BOOL}], 5: I64, 6: I64, 7: I16
}  # fmt: skip
FILE: Form = {1: I32, 2: [_SCHEMA_ELEMENT], 3: I64, 4: [_ROW_GROUP]}
"""As far as it is handed on."""
PAGE: Form = {
    1: I32, 2: I32, 3: I32, 4: I32, 5: {1: I32, 2: I32, 3: I32, 4: I32, 5: _STATISTICS}, 6: _EMPTY,
    7: {1: I32, 2: I32, 3: BOOL},
    8: {1: I32, 2: I32, 3: I32, 4: I32, 5: I32, 6: I32, 7: BOOL, 8: _STATISTICS},
}  # fmt: skip
