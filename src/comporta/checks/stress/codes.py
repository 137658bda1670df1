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
