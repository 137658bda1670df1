"""In every Python process of the turn: what is opened to be written, made, linked or moved is told."""

import os
import sys

_out = os.open(os.environ["WATCHED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# event → places of the paths that it makes among its arguments
_MAKES = {"os.mkdir": (0,), "os.link": (1,), "os.rename": (1,), "os.symlink": (1,), "sqlite3.connect": (0,)}


def _watch(event, args):
    if event == "open":
        path, mode, flags = args
        if not (flags & _WRITES if isinstance(flags, int) else set(mode or "r") & set("wax+")):
            return
        made = (path,)
    elif event in _MAKES:
        made = [args[at] for at in _MAKES[event]]
    else:
        return
    for path in made:
        if isinstance(path, str | bytes | os.PathLike):
            kind = "folder" if event == "os.mkdir" else "file"
            os.write(_out, f"{kind}\t{os.path.abspath(os.fsdecode(path))}\n".encode())  # noqa: PTH100


sys.addaudithook(_watch)
