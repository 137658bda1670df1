"""The name that `comporta.checks` had when project files first imported it: they go on doing so."""

from comporta.checks import *  # noqa: F403
from comporta.checks import __all__ as __all__
