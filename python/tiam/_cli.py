"""The command ``tiam``."""

from __future__ import annotations

import signal
import sys

from tiam import _native


def main() -> int:
    """Run the command with the arguments of this process."""
    # Ctrl-C and closed pipes are the command's own affair, as in the binary.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.argv[0] = "tiam"
    return _native.main(sys.argv)
