"""Run everything of a project as supervised processes, until told to end."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

from comporta.acts.serve.server_options import server_options
from comporta.acts.up.code_follower import CodeFollower
from comporta.acts.up.down import end_leftovers
from comporta.acts.up.folder import UpFolder
from comporta.acts.up.log import PartLog
from comporta.acts.up.part import UpOptions, parts_of
from comporta.acts.up.supervise import PartSupervisor
from comporta.errors import BadProject
from comporta.http.listening import host_in_url, require_free
from comporta.opened.deployed import code_file, current_code, open_to_serve
from comporta.opened.permission import require_permission
from comporta.opened.project import now
from comporta.project.code_branch import CodeBranch, code_branch
from comporta.records.extras import missing_extra
from comporta.serve.server_options import require_options


def up(file: Path, options: UpOptions, echo: Callable[[str], None]) -> None:
    """Runs the parts until SIGTERM, SIGINT or SIGHUP. file: of the project. echo: given each line of the log.

    Raises before anything is started: BadProject on a project that is up already, a port that is in use, or a
    ledger that lies in one process; Forbidden where who acts may not serve."""
    root = require_runnable(file, options)
    branch = code_branch(root)
    folder = UpFolder(root)
    with folder.hold(), contextlib.closing(PartLog(folder.log, now=now, echo=echo)) as log:
        for each in end_leftovers(folder):
            log.write(
                "up", f"{each} ran on from before, without a supervisor; it was ended, and begins anew."
            )
        options = without_missing_extras(options, lambda text: log.write("up", text))
        require_free(options.host, options.port, "--port")
        if options.control:
            require_free(options.control_host, options.control_port, "--control-port")
        current = None if branch is None else current_code(root)
        supervisor = PartSupervisor(
            parts_of(file, options),
            folder,
            log,
            root=root,
            now=now,
            urls=urls_of(options),
            has_code=branch is None or (current is not None and current.source == branch.display_text),
        )
        urls = ", ".join(f"{name} on {url}" for name, url in urls_of(options).items())
        supervisor.say(f"begins: {urls}. Ctrl-C, or `comporta down`, ends all.")
        with contextlib.closing(supervisor), _following(branch, folder, file, root, supervisor):
            supervisor.run()
        supervisor.say("everything has ended.")
        folder.remove_record()


@contextlib.contextmanager
def _following(
    branch: CodeBranch | None, folder: UpFolder, file: Path, root: Path, supervisor: PartSupervisor
) -> Iterator[None]:
    """While the body runs, the branch is followed; without one it is said where builds come from."""
    if branch is None:
        code_file(root).unlink(missing_ok=True)
        supervisor.say(
            "code: builds come from this folder as it is. To build only what is committed, name a branch in "
            'comporta.toml: [code] from = "git+https://…#main"'
        )
        yield
        return
    follower = CodeFollower(
        branch, folder, root, file.name, now=now, say=supervisor.say, on_change=supervisor.note_commit
    )
    follower.start()
    try:
        yield
    finally:
        follower.stop()


def require_runnable(file: Path, options: UpOptions) -> Path:
    """The project's root. Raises BadProject, Forbidden where it cannot be run so."""
    if options.control and options.port and options.port == options.control_port:
        raise BadProject(f"--control-port: found {options.port}, which is the server's. Choose another.")
    paths = (Path(each) if each else None for each in (options.tls_cert, options.tls_key))
    certificate, key = paths
    require_options(server_options(certificate=certificate, key=key, max_partition=options.max_partition))
    with open_to_serve(file, works=False) as opened:
        require_permission(opened, "model.serve")
        for name in ("ledger", "store"):
            if getattr(opened.settings, name).startswith("memory:"):
                raise BadProject(
                    f"{name}: found memory://, which lies in one process, and several. Name one that they "
                    "share."
                )
        return opened.root


def urls_of(options: UpOptions) -> dict[str, str]:
    """Part → its address."""
    scheme = "https" if options.tls_cert else "http"
    found = {"server": f"{scheme}://{host_in_url(options.host)}:{options.port}"}
    if options.control:
        found["control"] = f"http://{host_in_url(options.control_host)}:{options.control_port}"
    return found


def without_missing_extras(options: UpOptions, say: Callable[[str], None]) -> UpOptions:
    """The options without the control process, where the extra that it needs is not installed."""
    from msgspec.structs import replace

    if not options.control or importlib.util.find_spec("litestar") is not None:
        return options
    say(f"without it: {missing_extra('litestar', 'the control process')}")
    return replace(options, control=False)
