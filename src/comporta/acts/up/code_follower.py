"""Follows the project's branch: looks, checks out what is new, and keeps the last commit that loads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from comporta.acts.up.checkouts import check_out, newest_commit, note_replaced, remove_old
from comporta.acts.up.code_check import load_failure
from comporta.acts.up.folder import UpFolder
from comporta.acts.up.git import Git
from comporta.errors import ComportaError
from comporta.opened.deployed import CurrentCode, checkout_folder, code_file, current_code
from comporta.project.code_branch import CodeBranch
from comporta.records import encode

_LOOK_SECONDS = 1.0
"""How often it is seen whether somebody asks for a look."""


class CodeFollower:
    """A thread of its own, so that a slow network halts nothing. name: of the project's file. say: given each
    line. on_change: called when another commit is current."""

    def __init__(
        self,
        branch: CodeBranch,
        folder: UpFolder,
        home: Path,
        name: str,
        *,
        now: Callable[[], datetime],
        say: Callable[[str], None],
        on_change: Callable[[], None],
        git: Git | None = None,
    ) -> None:
        self._branch, self._folder, self._home, self._name = branch, folder, home, name
        self._now, self._say, self._on_change = now, say, on_change
        self._git = git or Git()
        before = current_code(home)
        same = before is not None and before.source == branch.display_text
        self.current = before if same and before is not None else CurrentCode(source=branch.display_text)
        self._trouble = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="comporta-code", daemon=True)

    def start(self) -> None:
        """Looks from now on."""
        self._thread.start()

    def stop(self) -> None:
        """No more looks; one that is under way is ended."""
        self._stop.set()
        self._git.stop()
        self._thread.join(timeout=10.0)

    def look(self) -> None:
        """Once: whether the branch has another commit, and whether it loads."""
        try:
            self._look()
        except (
            Exception
        ) as error:  # the boundary of the thread: dead, it would follow nothing and say nothing
            self._tell_trouble(str(error) if isinstance(error, ComportaError) else type(error).__name__)
        else:
            self._trouble = ""

    def _look(self) -> None:
        known = (self.current.commit, self.current.refused)
        newest = newest_commit(self._git, self._branch)
        if newest in known and (newest != self.current.commit or self._has_checkout()):
            if newest == self.current.commit and self.current.refused:
                self._record(replace(self.current, refused="", why=""))  # it went back
            return
        commit, folder = check_out(self._git, self._branch, self._home)
        why = load_failure(self._home, folder / self._branch.folder, self._name)
        if self._stop.is_set():
            return
        if why:
            stays = f"{self.current.commit[:12]} stays" if self.current.commit else "nothing can be built"
            self._record(replace(self.current, refused=commit, why=why))
            where = f"commit {commit[:12]} of {self._branch.display_text}"
            self._say(f"code: {where} does not load, {stays}: {why}")
            return
        if self.current.commit:
            note_replaced(self._home, self.current.commit)
        self._record(CurrentCode(source=self._branch.display_text, commit=commit, since=self._now()))
        self._say(f"code: builds come from commit {commit[:12]} of {self._branch.display_text}.")
        remove_old(self._home, commit)
        self._on_change()

    def _has_checkout(self) -> bool:
        return (checkout_folder(self._home, self.current.commit) / ".git").is_dir()

    def _record(self, current: CurrentCode) -> None:
        file = code_file(self._home)
        draft = file.with_name(f"{file.name}.draft")
        draft.write_bytes(encode(current))
        draft.replace(file)
        self.current = current

    def _tell_trouble(self, text: str) -> None:
        if text != self._trouble and not self._stop.is_set():  # once, until it is another
            stays = f"{self.current.commit[:12]} stays" if self.current.commit else "nothing can be built yet"
            self._say(f"code: the branch cannot be looked at, {stays}: {text}")
        self._trouble = text

    def _follow(self) -> None:
        while not self._stop.is_set():
            asked = self._folder.looks_asked()
            self.look()
            left = self._branch.every.total_seconds()
            while left > 0 and not self._stop.wait(min(left, _LOOK_SECONDS)):
                left -= _LOOK_SECONDS
                if self._folder.looks_asked() != asked:
                    break
