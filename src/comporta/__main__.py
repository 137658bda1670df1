"""`python -m comporta`: the same as `comporta`."""

import sys

from comporta.cli import main

sys.exit(main())
