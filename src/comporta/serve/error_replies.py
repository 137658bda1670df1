"""What a client is told of an error, in the form of its protocol; of ours, nothing of our insides."""

from __future__ import annotations

from collections.abc import Callable

from comporta.errors import BadRequest, live_file_read
from comporta.http.body import ACCEPTED_ENCODINGS
from comporta.http.replies import RETRY_SOON, Reply
from comporta.http.token_gate import QuotaReached
from comporta.serve.recorder import NotRecorded
from comporta.serve.request import error_reply

_HEADERS = {503: RETRY_SOON, 415: ACCEPTED_ENCODINGS, 401: ((b"www-authenticate", b"Bearer"),)}


class WrongMethod(Exception):
    """The path is served, by other methods."""

    def __init__(self, message: str, methods: list[str]) -> None:
        super().__init__(message)
        self.methods = methods


def reply_to_error(error: Exception, protocol: str, path: str, say: Callable[[str], None]) -> Reply:
    """The reply. path: that was asked, for the server's log. say: takes a line of it where the fault is the
    server's."""
    if isinstance(error, QuotaReached):
        wait = ((b"retry-after", b"%d" % error.retry_after),)
        return error_reply(error.status, str(error), protocol, wait)
    if isinstance(error, BadRequest):
        return error_reply(error.status, str(error), protocol, _HEADERS.get(error.status, ()))
    if isinstance(error, WrongMethod):
        allow = ((b"allow", ", ".join(error.methods).encode()),)
        return error_reply(405, str(error), protocol, allow)
    if isinstance(error, NotRecorded):
        lost = BadRequest("the answer could not be recorded. Nothing was answered; ask again.", 503)
        return error_reply(lost.status, str(lost), protocol, RETRY_SOON)
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    line = f"{where.tb_frame.f_code.co_filename}:{where.tb_lineno}" if where else "?"
    # Other errors may hold values of the request.
    what = live_file_read(error) or f"{type(error).__name__} at {line}"
    say(f"{path[:100]}: answered 500 because of {what}")
    fault = BadRequest("the server failed on this request; its log names the place.", 500)
    return error_reply(fault.status, str(fault), protocol)
