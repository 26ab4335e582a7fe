"""Progress while training: a bar in a terminal, a bar of HTML in a notebook, lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any

WIDTH = 24
# Seconds between two pictures.
PAUSE = 0.1


class Progress:
    """Shows how much is done, of how much."""

    def __init__(self, what: str, total: int | None) -> None:
        self.what, self.total = what, total
        self._begun = time.monotonic()
        self._shown = -1.0
        self._terminal = sys.stderr.isatty()
        self._display: Any = _notebook_display()

    def show(self, done: int, total: int | None = None, words: str = "") -> None:
        """Draw again, but not too often."""
        self.total = total or self.total
        now = time.monotonic()
        if done != self.total and now - self._shown < PAUSE:
            return
        self._shown = now
        share = min(done / self.total, 1.0) if self.total else 0.0
        seconds = now - self._begun
        of = f"/{self.total}" if self.total else ""
        text = f"{self.what} {done}{of}  {words}{seconds:.1f} s"
        if self._display is not None:
            from IPython.display import HTML

            self._display.update(HTML(f'<progress value="{share:.3f}" max="1"></progress> <code>{text}</code>'))
        elif self._terminal:
            full = round(share * WIDTH)
            sys.stderr.write(f"\r|{'█' * full}{'·' * (WIDTH - full)}| {text}\x1b[K")
            sys.stderr.flush()
        else:
            print(text, file=sys.stderr)

    def close(self) -> None:
        """Leave the last picture."""
        if self._display is None and self._terminal and self._shown >= 0:
            sys.stderr.write("\n")


def _notebook_display() -> Any:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if type(shell).__name__ != "ZMQInteractiveShell":
        return None
    from IPython.display import HTML, display

    return display(HTML(""), display_id=True)
