"""A bar over the epochs of a run under way, in a terminal or in a notebook."""

from __future__ import annotations

import logging
import sys
import time
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ensemble_switchover.machine.logs import attached
from ensemble_switchover.results.epoch_metrics import EpochRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ensemble_switchover.config.run_spec import RunSpec

DRAWING_SECONDS = 0.1
"""Between two drawings, so that short epochs are not spent on them."""
NOTEBOOK_SHELL = "ZMQInteractiveShell"
"""IPython's shell of a kernel; those of other programs are derived from it."""


class Bar(Protocol):
    """Draws how many epochs are done, with a text beside it."""

    def draw(self, num_epochs: int, text: str) -> None:
        """Draw anew."""

    def close(self) -> None:
        """Leave the last drawing where it is."""


class TerminalBar:
    """A bar on standard error, drawn between epochs alone: a thread of it would take time."""

    def __init__(self, title: str, total: int, console: Console) -> None:
        """Draw an empty bar."""
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[text]}", markup=False),
            TimeElapsedColumn(),
            console=console,
            auto_refresh=False,
            redirect_stdout=sys.stdout.isatty(),  # lines into a file stay there
        )
        self._task = self._progress.add_task(title, total=total, text="")
        self._progress.start()

    def draw(self, num_epochs: int, text: str) -> None:
        """Draw anew."""
        self._progress.update(self._task, completed=num_epochs, text=text, refresh=True)

    def close(self) -> None:
        """Leave the last drawing where it is."""
        self._progress.stop()


class NotebookBar:
    """A bar below a cell, of HTML alone: no widgets have to be installed for it."""

    def __init__(self, title: str, total: int) -> None:
        """Draw an empty bar."""
        from IPython.display import display

        self._title, self._total = title, total
        self._shown = display(  # type: ignore[no-untyped-call]
            self._bundle(0, ""), raw=True, display_id=True
        )

    def draw(self, num_epochs: int, text: str) -> None:
        """Draw anew."""
        self._shown.update(self._bundle(num_epochs, text), raw=True)

    def close(self) -> None:
        """Leave the last drawing where it is."""

    def _bundle(self, num_epochs: int, text: str) -> dict[str, str]:
        line = f"{self._title}  {num_epochs}/{self._total}  {text}".rstrip()
        bar = f'<progress value="{num_epochs}" max="{self._total}"></progress>'
        return {"text/plain": line, "text/html": f"<div>{bar} {escape(line)}</div>"}


class EpochHandler(logging.Handler):
    """Draws a bar anew whenever a run logs an epoch."""

    def __init__(self, bar: Bar, total: int, evaluated_on: str) -> None:
        """Take the bar, the number of epochs, and which images errors are of."""
        super().__init__()
        self._bar, self._total, self._evaluated_on = bar, total, evaluated_on
        self._last: EpochRecord | None = None
        self._drawn_at = float("-inf")

    def emit(self, record: logging.LogRecord) -> None:
        """Draw the epoch of a message, unless the last drawing was a moment ago."""
        epoch = record.__dict__.get("epoch")
        if not isinstance(epoch, EpochRecord):
            return
        self._last = epoch
        is_last = epoch.epoch == self._total
        if is_last or time.monotonic() >= self._drawn_at + DRAWING_SECONDS:
            self._draw(epoch, ", measuring" if is_last else "")

    def end(self) -> None:
        """Draw the last epoch."""
        if self._last is not None:
            self._draw(self._last, "")
        self._bar.close()

    def _draw(self, epoch: EpochRecord, then: str) -> None:
        error = epoch.error_percent
        measured = "" if error is None else f", {self._evaluated_on} error {error:.2f} %"
        self._bar.draw(epoch.epoch, f"loss {epoch.train_loss_nats:.3f}{measured}{then}")
        self._drawn_at = time.monotonic()


@contextmanager
def epoch_bar(spec: RunSpec) -> Iterator[None]:
    """Show a bar while a run is trained within a `with`; none where the output is a file."""
    title, total = f"{spec.design_label} seed {spec.seed}", spec.recipe.epochs
    console = Console(stderr=True, force_jupyter=False)
    bar: Bar
    if in_notebook():
        bar = NotebookBar(title, total)
    elif console.is_terminal:
        bar = TerminalBar(title, total, console)
    else:
        yield
        return
    handler = EpochHandler(bar, total, spec.sizes.evaluated_on)
    try:
        with attached(handler):
            yield
    finally:
        handler.end()


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return any(kind.__name__ == NOTEBOOK_SHELL for kind in type(shell).__mro__)
