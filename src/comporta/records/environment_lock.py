"""The Python and the distributions that a version was made with: what its environment is built again from."""

from __future__ import annotations

from comporta.records.record import Record


class LockedDistribution(Record, frozen=True, kw_only=True):
    """One installed distribution. name: normalised. version: as its metadata has it.

    files: digest of its files, by which one that is built again is compared; empty where its installer kept
    no list. url: where it came from, if that was no package index: an archive with its hash, a repository
    with its commit. folder: it was installed from a folder of that machine, which no index has. editable: and
    its files stay there: those that the version reaches are kept with its source.
    """

    name: str
    version: str
    files: str = ""
    url: str = ""
    folder: bool = False
    editable: bool = False

    @property
    def requirement(self) -> str:
        """As an installer is asked for it: `numpy==2.3.5`, `mine @ git+https://…@commit`."""
        return f"{self.name} @ {self.url}" if self.url else f"{self.name}=={self.version}"


class EnvironmentLock(Record, frozen=True, kw_only=True):
    """All that a version's code imports, and what that requires. python: `3.11.7`. implementation: `cpython`.
    platform: of the wheels, `linux-x86_64`; libc: `glibc 2.36`, or empty."""

    python: str
    implementation: str
    platform: str
    libc: str = ""
    distributions: tuple[LockedDistribution, ...] = ()


class LockedChange(Record, frozen=True, kw_only=True):
    """A distribution, or `Python`, that is another here than in a lock. here: empty where it is not there;
    the same version where its files differ."""

    name: str
    locked: str
    here: str

    def __str__(self) -> str:
        if self.here == self.locked:
            return f"{self.name} {self.locked} with other files"
        return f"{self.name} {self.here or 'is not installed'} here, {self.locked} then"
