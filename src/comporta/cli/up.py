"""`comporta up`, `down`, `status`: everything of a project run together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli.options import AsJson, Where, between
from comporta.cli.words import words as say

if TYPE_CHECKING:
    from comporta.opened.deployed import CurrentCode


def up(
    *,
    host: Annotated[
        str, Parameter(help="The address of the server; 0.0.0.0 for every one.", show_default=True)
    ] = "127.0.0.1",
    port: Annotated[
        int, Parameter(help="The port of the server.", show_default=True, validator=between(1, 65535))
    ] = 8080,
    workers: Annotated[int | None, Parameter(help=say.WORKERS, validator=between(1, 256))] = None,
    durable: Annotated[
        bool, Parameter(help="Answer only once the prediction is on disk; slower, and none is ever lost.")
    ] = False,
    tokens: Annotated[bool, Parameter(help=say.ASK_TOKENS)] = False,
    tls_cert: Annotated[Path | None, Parameter(help=say.TLS_CERT)] = None,
    tls_key: Annotated[Path | None, Parameter(help=say.TLS_KEY)] = None,
    max_partition: Annotated[str, Parameter(help=say.MAX_PARTITION, show_default=True)] = "24h",
    job_workers: Annotated[
        int, Parameter(help=say.UP_JOB_WORKERS, show_default=True, validator=between(0, 256))
    ] = 1,
    control_host: Annotated[str, Parameter(help=say.UP_CONTROL_HOST, show_default=True)] = "127.0.0.1",
    control_port: Annotated[
        int, Parameter(help=say.UP_CONTROL_PORT, show_default=True, validator=between(1, 65535))
    ] = 8081,
    no_control: Annotated[bool, Parameter(help=say.UP_NO_CONTROL, negative="")] = False,
    print_: Annotated[
        Literal["systemd", "compose"] | None, Parameter(name="--print", help=say.UP_PRINT)
    ] = None,
    project: Where = None,
) -> None:
    """Run everything: server, control process, workers; watched, started again when they die, with one log.

    It stays in the foreground until interrupted; then what was begun is finished. Requests are answered also
    while the rest is dead. The log lies in .comporta/up/log. Elsewhere: comporta status, comporta down.
    """
    from comporta.acts.up.part import UpOptions
    from comporta.acts.up.unit_files import unit_file
    from comporta.acts.up.up import up as run_all
    from comporta.project.load import find_project_file

    file = find_project_file(project)
    options = UpOptions(
        host=host,
        port=port,
        workers=workers,
        durable=durable,
        tokens=tokens,
        tls_cert="" if tls_cert is None else str(tls_cert.absolute()),
        tls_key="" if tls_key is None else str(tls_key.absolute()),
        max_partition=max_partition,
        job_workers=job_workers,
        control=not no_control,
        control_host=control_host,
        control_port=control_port,
    )
    if print_ is not None:
        show.line(unit_file(print_, file, options).rstrip("\n"))
    else:
        run_all(file, options, show.aside)


def down(
    *,
    grace: Annotated[str, Parameter(help=say.DOWN_GRACE, show_default=True)] = "75s",
    project: Where = None,
    json: AsJson = False,
) -> None:
    """End what comporta up runs, once what was begun is finished."""
    from comporta.acts.up.down import down as end_all
    from comporta.acts.up.folder import folder_of
    from comporta.records.duration import duration

    done = end_all(folder_of(project), grace=duration(grace).total_seconds())
    if json:
        show.json(done)
    elif done.ended:
        show.line(say.DOWN_LEFT.format(names=", ".join(done.ended)))
    else:
        show.line(say.DOWN_DONE if done.was_up else say.DOWN_NOTHING)


def code_text(code: CurrentCode) -> str:
    """Where builds come from, and what is wrong with a newer commit."""
    commit = code.commit[:12]
    text = say.CODE_NONE if code.since is None else say.CODE_CURRENT.format(commit=commit, since=code.since)
    if code.refused:
        text += say.CODE_REFUSED.format(commit=code.refused[:12], why=code.why)
    return f"{code.source}: {text}"


def status(*, project: Where = None, json: AsJson = False) -> None:
    """What comporta up runs: each part, since when, and how it last ended."""
    from comporta.acts.up.folder import folder_of
    from comporta.acts.up.status import status as look

    found = look(folder_of(project))
    if json:
        show.json(found)
        return
    for each in found.cut_off:
        show.line(say.STATUS_CUT_OFF.format(worker=each.worker, at=each.at))
    if not found.parts:
        show.line(say.STATUS_NOTHING)
        return
    if found.up:
        show.line(say.STATUS_UP.format(began=found.began, pid=found.pid, log=found.log))
    elif any(each.state == "unsupervised" for each in found.parts):
        show.line(say.STATUS_UNSUPERVISED)
    else:
        show.line(say.STATUS_DOWN)
    if found.code is not None:
        show.line(code_text(found.code))
    rows = [
        (
            each.name, say.PART_STATES[each.state], each.since, str(each.pid or ""), each.restarts or None,
            each.url, each.last,
        )
        for each in found.parts
    ]  # fmt: skip
    show.table("Parts", ("part", "state", "since", "pid", "restarts", "url", "last end"), rows)
