"""``python -m tiam``: the command."""

import sys

from tiam._cli import main

sys.exit(main())
