"""The record of events verified, exported and redacted, and the stored bytes. What reads or frees every byte
is a job."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import Parameter
from litestar.response import Stream

from comporta.control.bodies import Name, RequestBody
from comporta.control.guard import ACTION
from comporta.control.read_routes import HttpRequest, acts_of, perform
from comporta.opened.project import OpenProject

_AUDITS = {ACTION: "audit.read"}
_BLOCK = 1 << 16


class EventBody(RequestBody, frozen=True, kw_only=True):
    """seq: the number of the event. reason: a code, such as erasure."""

    seq: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    reason: Name


class ArtifactBody(RequestBody, frozen=True, kw_only=True):
    """digest: whole, or its beginning. reason: erasure, law or mistake."""

    digest: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    reason: Name


@get("/audit/verify", opt=_AUDITS, sync_to_thread=True, summary="Verify events and projections")
def verify_record(
    request: HttpRequest,
    head: Annotated[str, Parameter(max_length=200, description="An earlier audit's, SEQ:HASH.")] = "",
) -> Response[bytes]:
    """As `comporta audit verify --ledger-only --json`. Stored bytes are verified by the job `verify`."""
    from comporta.acts.upkeep.whole_audit import head_of, verify_whole

    expected = head_of(head) if head else None

    def work(opened: OpenProject) -> object:
        found = verify_whole(opened, expected, ledger_only=True)
        return {"sound": found.sound, **found.as_one()}

    return perform(request, work)


@get(
    "/audit/key", opt={ACTION: "version.read"}, sync_to_thread=True, summary="What the record is signed with"
)
def show_public_key(request: HttpRequest) -> Response[bytes]:
    """As `comporta audit key --json`."""
    from comporta.acts.upkeep.key import public_key_of
    from comporta.ledger.signing import pem

    def work(opened: OpenProject) -> object:
        key = public_key_of(opened)
        return {"key": key, "pem": pem(key)}

    return perform(request, work)


@get("/audit/export", opt=_AUDITS, sync_to_thread=True, summary="The record, for others to verify")
def export_record(
    request: HttpRequest,
    withhold: Annotated[
        list[int] | None, Parameter(description="Events without their body, each as one `withhold=`.")
    ] = None,
) -> Stream:
    """What `comporta audit export FILE` writes, JSON lines; `comporta audit verify-export` verifies them."""
    from comporta.acts.upkeep.audit import export

    # Written whole first: one act at a time, and whoever reads slowly must not keep others from theirs.
    file: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n")  # noqa: SIM115 - once read
    try:
        acts_of(request).perform(
            request.state.token,
            lambda opened: export(opened, withhold or (), lambda line: file.write(line + "\n")),
        )
    except BaseException:
        file.close()
        raise
    return Stream(_blocks(file), media_type="application/jsonl")


def _blocks(file: IO[str]) -> Iterator[str]:
    with file:
        file.seek(0)
        while block := file.read(_BLOCK):
            yield block


@post(
    "/audit/remove",
    opt={ACTION: "event.remove"},
    sync_to_thread=True,
    status_code=200,
    summary="Delete an event's body, as the law may require",
)
def remove_body(request: HttpRequest, data: EventBody) -> Response[bytes]:
    """As `comporta audit remove SEQ --reason CODE --json`."""
    from comporta.acts.upkeep.remove_event import remove_event

    def work(opened: OpenProject) -> object:
        event = remove_event(opened, data.seq, reason=data.reason)
        return {"removed": data.seq, "head": {"seq": event.seq, "hash": event.hash}}

    return perform(request, work)


@get("/store", opt=_AUDITS, sync_to_thread=True, summary="Disk usage of the store, by kind")
def show_usage(request: HttpRequest) -> Response[bytes]:
    """As `comporta store du --json`."""
    from comporta.acts.upkeep.storage import usage

    return perform(request, usage)


@post(
    "/store/remove",
    opt={ACTION: "erase.execute"},
    sync_to_thread=True,
    status_code=200,
    summary="Delete one text, log or finding for good",
)
def remove_artifact(request: HttpRequest, data: ArtifactBody) -> Response[bytes]:
    """As `comporta store remove DIGEST --reason CODE --json`."""
    from comporta.acts.upkeep.remove import remove

    return perform(request, lambda opened: remove(opened, data.digest, reason=data.reason))


UPKEEP_ROUTES = (
    verify_record, show_public_key, export_record, remove_body, show_usage, remove_artifact,
)  # fmt: skip
