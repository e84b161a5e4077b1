"""How the show looks: one line an event, and before it the time since the number was dialled."""

import sys
import textwrap
from datetime import UTC, datetime

from rich.console import Console
from rich.text import Text

WIDEST = 100
_MARGIN = 21  # where the text of an event begins
_FACTS_MARGIN = 14


class Page:
    """Prints at once, so that the show runs at the pace of its calls. Nothing it is given is read as markup."""

    def __init__(self) -> None:
        # A terminal that is not UTF-8 gets question marks, not a traceback.
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
        self._console = Console(highlight=False)
        self._width = min(self._console.width, WIDEST) if self._console.is_terminal else WIDEST
        self._scenes = 0

    def title(self, text: str, style: str = "bold") -> None:
        self._print()
        self._print((text, style))

    def heading(self, text: str) -> None:
        self._scenes += 1
        self.title(f"{self._scenes}  {text}")

    def event(self, after_s: float, word: str, text: str, style: str = "") -> None:
        """after_s: since the number was dialled."""
        first, *more = textwrap.wrap(text, self._width - _MARGIN)
        self._print((f"{duration(after_s):>9}", "dim"), (f"  {word:10}", "cyan"), (first, style))
        for line in more:
            self._print((" " * _MARGIN + line, style))

    def fact(self, word: str, text: str) -> None:
        first, *more = textwrap.wrap(text, self._width - _FACTS_MARGIN)
        self.advice(word, first)
        for line in more:
            self._print((" " * _FACTS_MARGIN + line, ""))

    def quote(self, text: str) -> None:
        """A document of some lines."""
        for line in text.splitlines():
            for part in textwrap.wrap(line, self._width - _MARGIN - 2) or [""]:
                self._print((" " * _MARGIN + "│ ", "dim"), (part, ""))

    def advice(self, word: str, text: str) -> None:
        """Not wrapped, to be copied."""
        self._print((f"   {word:{_FACTS_MARGIN - 3}}", "cyan"), (text, ""))

    def failure(self, what: str, log: str) -> None:
        self.title(f"FAILED: {what}", "bold red")
        if log:
            self.title("The router's last lines")
            self._print((log, ""))

    def _print(self, *parts: tuple[str, str]) -> None:
        # soft_wrap: rich neither breaks nor pads; what is too long is the terminal's to break.
        self._console.print(Text.assemble(*parts), soft_wrap=True)


class Clock:
    """Seconds since it was made. By the wall, as the router's log is."""

    def __init__(self) -> None:
        self._began = datetime.now(UTC)

    def __call__(self, at: datetime | None = None) -> float:
        return ((at or datetime.now(UTC)) - self._began).total_seconds()


def duration(length_s: float) -> str:
    """0.0314 is 31 ms, 1.2345 is 1.23 s."""
    return f"{length_s * 1000:.0f} ms" if length_s < 1 else f"{length_s:.2f} s"
