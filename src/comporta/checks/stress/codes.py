"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.checks.stress import figures
from comporta.records.message import Text, code

FROM_RAW_REQUEST = code("evidence.from_raw_request", "from the raw request on")
FROM_FEATURES = code("evidence.from_features", "from the features on, as requests carry them")
FROM_MADE_FEATURES = code(
    "evidence.from_made_features",
    "from the features on, without the joins and computed features before them",
)
NO_WAY_TO_FEATURES = code("evidence.no_way_to_features", "nothing tells how requests become features")
NO_ROW_WITH_KEY_AND_TIME = code(
    "evidence.no_row_with_key_and_time",
    "no test row has a key of its own and a time, and is still among the rows",
)
NO_ROWS_TO_SEND = code("evidence.no_rows_to_send", "there are no test rows to send")
NO_ROW_ANSWERED = code(
    "evidence.no_row_answered",
    "none of {rows} test rows was answered, asked {where}, the first with status {status}",
    rows=int, where=Text, status=int,
)  # fmt: skip
NO_REQUEST_ANSWERED = code("evidence.no_request_answered", "no request was answered")
CLOSED_LOOP = code(
    "evidence.closed_loop",
    "{connections} connections, each asking again once answered; the client shares the machine.",
    connections=int,
)
ASKED_WHERE = code("evidence.asked_where", "Asked {where}.", where=Text)
ASKED_BECAUSE = code("evidence.asked_because", "Asked {where}: {why}.", where=Text, why=Text)

FROM = {
    figures.RAW: FROM_RAW_REQUEST,
    figures.PLAIN: FROM_FEATURES,
    figures.MADE: FROM_MADE_FEATURES,
}
"""From where on a row was requested, as people read it."""

NO_BODY = code("bad_request.no_body", "no body")
NOT_JSON = code("bad_request.not_json", "not JSON")
HALF = code("bad_request.half", "half of it")
NOT_UTF_8 = code("bad_request.not_utf_8", "not UTF-8")
DEEPLY_NESTED = code("bad_request.deeply_nested", "deeply nested")
LIST = code("bad_request.list", "a list")
NO_INPUTS = code("bad_request.no_inputs", "no inputs")
INPUTS_NO_LIST = code("bad_request.inputs_no_list", "inputs no list")
COLUMN_TOO_FEW = code("bad_request.column_too_few", "a column too few")
COLUMN_TOO_MANY = code("bad_request.column_too_many", "a column too many")
COLUMN_TWICE = code("bad_request.column_twice", "a column twice")
NO_NAME = code("bad_request.no_name", "no name")
NO_DATA = code("bad_request.no_data", "no data")
UNKNOWN_DATATYPE = code("bad_request.unknown_datatype", "an unknown datatype")
OTHER_SHAPE = code("bad_request.other_shape", "a shape that does not fit")
NEGATIVE_SHAPE = code("bad_request.negative_shape", "a negative shape")
HUGE_SHAPE = code("bad_request.huge_shape", "a huge shape")
NO_SHAPE = code("bad_request.no_shape", "no shape")
OTHER_ROWS_IN_COLUMN = code("bad_request.other_rows_in_column", "another number of rows in a column")
OBJECT_AS_VALUE = code("bad_request.object_as_value", "an object as a value")
TOO_MANY_ROWS = code("bad_request.too_many_rows", "too many rows")
ANOTHER_CONTENT_TYPE = code("bad_request.another_content_type", "another content type")
WRONG_BINARY_SIZE = code("bad_request.wrong_binary_size", "a wrong binary size")
UNKNOWN_MODEL = code("bad_request.unknown_model", "an unknown model")
UNKNOWN_VERSION = code("bad_request.unknown_version", "an unknown version")
ANOTHER_METHOD = code("bad_request.another_method", "another method")
ANOTHER_TYPE = code("bad_request.another_type", "another type")
INFINITE_NUMBER = code("bad_request.infinite_number", "an infinite number")
FAR_VALUE = code("bad_request.far_value", "a far value")
NOTHING_KNOWN = code("bad_request.nothing_known", "nothing known")
DAMAGED = code("bad_request.damaged", "damaged")
MALFORMED = code("bad_request.malformed", "malformed")
OUT_OF_RANGE = code("bad_request.out_of_range", "out of range")
