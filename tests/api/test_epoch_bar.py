import logging
import sys
from types import SimpleNamespace

import pytest
from rich.console import Console

from ensemble_switchover.api import epoch_bar
from ensemble_switchover.api.epoch_bar import EpochHandler, NotebookBar, TerminalBar, in_notebook
from tests.factories import make_record

EPOCHS = make_record().epochs


class Drawings(list):
    def draw(self, num_epochs, text):
        self.append((num_epochs, text))

    def close(self):
        self.append("closed")


def _log(handler, epoch=None):
    record = logging.LogRecord("name", logging.INFO, "path", 1, "a line", None, None)
    if epoch is not None:
        record.epoch = epoch
    handler.handle(record)


def test_every_epoch_is_drawn_unless_another_was_a_moment_ago(monkeypatch):
    drawings, now = Drawings(), 0.0
    monkeypatch.setattr(epoch_bar.time, "monotonic", lambda: now)
    handler = EpochHandler(drawings, EPOCHS[-1].epoch, "test")
    _log(handler)
    for epoch in (EPOCHS[0], EPOCHS[0], EPOCHS[-1]):
        _log(handler, epoch)
    handler.end()
    first, last = (
        f"loss {epoch.train_loss_nats:.3f}, test error {epoch.error_percent:.2f} %"
        for epoch in (EPOCHS[0], EPOCHS[-1])
    )
    end = EPOCHS[-1].epoch
    assert drawings == [(1, first), (end, f"{last}, measuring"), (end, last), "closed"]


def test_a_terminal_shows_a_bar_with_loss_and_error(tmp_path):
    with (tmp_path / "shown").open("w+") as file:
        bar = TerminalBar("deq k=4 seed 0", 3, Console(file=file, force_terminal=True, width=100))
        bar.draw(2, "loss 1.234, test error 5.00 %")
        bar.close()
        file.seek(0)
        shown = file.read()
    assert "deq k=4 seed 0" in shown
    assert "2/3" in shown
    assert "test error 5.00 %" in shown


def test_a_notebook_shows_a_bar_of_html_and_of_text(monkeypatch):
    shown = []

    def display(bundle, **options):
        shown.append(bundle)
        return SimpleNamespace(update=display)

    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    bar = NotebookBar("<deq>", 3)
    bar.draw(2, "loss 1.234")
    bar.close()
    assert shown[-1] == {
        "text/plain": "<deq>  2/3  loss 1.234",
        "text/html": '<div><progress value="2" max="3"></progress> &lt;deq&gt;  2/3  loss 1.234'
        "</div>",
    }


class ZMQInteractiveShell:
    pass


class Colab(ZMQInteractiveShell):
    pass


@pytest.mark.parametrize(("shell", "answer"), [(None, False), (Colab(), True), ("ipython", False)])
def test_a_kernel_is_told_from_a_terminal(shell, answer, monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert in_notebook() is answer
