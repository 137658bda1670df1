"""`comporta --install-completion`: commands, options and values completed by the shell."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.completion import detect_shell
from cyclopts.completion.detect import ShellDetectionError

from comporta.cli import show
from comporta.cli.words import words as say
from comporta.errors import BadProject

Shell = Literal["bash", "zsh", "fish"]


def install_completion(
    *,
    shell: Annotated[Shell | None, Parameter(help=say.COMPLETION_SHELL)] = None,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], help=say.COMPLETION_OUTPUT)] = None,
) -> None:
    """Have the shell complete commands and options. A new shell does, once it has read its startup file.

    With --output the script is written there alone, and no startup file is touched.
    """
    from comporta.cli.boundary import app

    try:
        wanted = shell or detect_shell()
    except ShellDetectionError:
        raise BadProject(
            "--install-completion: found no shell that is known, expected --shell bash, zsh or fish."
        ) from None
    try:
        written = app().install_completion(shell=wanted, output=output, add_to_startup=output is None)
    except OSError as error:
        raise BadProject(
            f"--install-completion: {error.filename} cannot be written ({error.strerror}). "
            "Name another file: --output FILE."
        ) from error
    text = say.COMPLETION_WRITTEN if output is None else say.COMPLETION_TO_SOURCE
    show.line(text.format(shell=wanted, file=written))
