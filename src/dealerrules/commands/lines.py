"""Lines: how far long work has come, on stderr and only on a terminal.

Place in the flow: commands that read or evaluate many records tell here where they are.
"""

from __future__ import annotations

import sys

from dealerrules.text_tables import WIDTH


class Line:
    """One line on stderr that is written over, for long work, on a terminal only."""

    def __init__(self) -> None:
        self.shown = sys.stderr.isatty()

    def say(self, text: str) -> None:
        """Show a text in place of the last one."""
        if self.shown:
            print(f"\r{text[: WIDTH - 1].ljust(WIDTH - 1)}", end="", file=sys.stderr, flush=True)

    def done(self) -> None:
        """Clear the line."""
        if self.shown:
            print("\r" + " " * (WIDTH - 1) + "\r", end="", file=sys.stderr, flush=True)


class FileCounter(Line):
    """How far the reading of files has come."""

    def __call__(self, file: str, rows: int) -> None:
        """Say how many rows of a file have been read."""
        said = f"{file}: {rows:,}"
        self.say(said if len(said) < WIDTH else f"…{said[2 - WIDTH :]}")


class Progress(Line):
    """How many records have been evaluated."""

    def __init__(self, lang: str) -> None:
        super().__init__()
        self.at, self.what = 0, "已评估" if lang == "zh" else "evaluated"

    def step(self) -> None:
        """Count one more."""
        self.at += 1
        if self.at % 1000 == 0:
            self.say(f"{self.what}: {self.at:,}")
