import io
import logging
import sys

import pytest

from ensemble_switchover.machine.logs import (
    PACKAGE_LOGGER,
    attached,
    details_shown,
    libraries_shown,
    shown_on,
)

logger = logging.getLogger("ensemble_switchover.runner.run")


def shown(level):
    stream = io.StringIO()
    with shown_on(stream, level):
        logger.debug("for the log file")
        logger.info("epoch 1/2")
        logger.warning("no checkpoint\nafter epoch 1")
    return stream.getvalue()


def test_progress_and_warnings_are_plain_lines():
    assert shown(logging.INFO) == "epoch 1/2\nno checkpoint\nafter epoch 1\n"


def test_only_warnings_are_shown_where_a_sweep_reports_progress():
    assert shown(logging.WARNING) == "no checkpoint\nafter epoch 1\n"


def test_what_is_shown_is_not_shown_again_by_the_root_logger(caplog):
    shown(logging.INFO)
    assert caplog.messages == []
    logger.warning("outside")
    assert caplog.messages == ["outside"]


def test_control_characters_are_shown_and_not_obeyed():
    stream = io.StringIO()
    with shown_on(stream):
        logger.info("run \x1b[2J")
    assert stream.getvalue() == "run \N{REPLACEMENT CHARACTER}[2J\n"


def test_what_an_output_cannot_encode_costs_no_run(monkeypatch):
    output = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(output, encoding="ascii"))
    with shown_on(sys.stdout):
        logger.warning("logger=wandb: \x1b[31mno route to höst")
    sys.stdout.flush()
    assert output.getvalue() == b"logger=wandb: ?[31mno route to h?st\n"


def test_a_log_within_has_the_line_whose_reader_has_left():
    class Left(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    written = io.StringIO()
    log = attached(logging.StreamHandler(written))
    with shown_on(Left()), log, pytest.raises(BrokenPipeError):
        logger.info("epoch 1/2")
    assert written.getvalue() == "epoch 1/2\n"


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING])
def test_a_log_within_changes_nothing_of_what_a_library_is_told(level, caplog):
    caplog.set_level(level)
    written = io.StringIO()
    with attached(logging.StreamHandler(written)), attached(logging.NullHandler()):
        logger.debug("for the log file")
        logger.info("epoch 1/2")
        logger.warning("no checkpoint")
    assert written.getvalue() == "for the log file\nepoch 1/2\nno checkpoint\n"
    told = ["epoch 1/2", "no checkpoint"]
    assert caplog.messages == (told if level == logging.INFO else told[1:])


def test_nothing_is_left_attached():
    before = (PACKAGE_LOGGER.level, PACKAGE_LOGGER.propagate, list(PACKAGE_LOGGER.handlers))
    with shown_on(io.StringIO()), attached(logging.NullHandler()):
        assert len(PACKAGE_LOGGER.handlers) == len(before[2]) + 2
    assert (PACKAGE_LOGGER.level, PACKAGE_LOGGER.propagate, PACKAGE_LOGGER.handlers) == before


@pytest.mark.parametrize(
    ("verbose", "in_sweep", "lines"),
    [
        (False, False, []),
        (True, False, ["for the log file"]),
        (True, True, ["for the log file", "epoch 1/2"]),
        ("ensemble_switchover", False, ["for the log file"]),
        (["wandb", "ensemble_switchover"], False, ["for the log file"]),
        (["wandb"], False, []),
    ],
)
def test_details_are_shown_where_hydra_is_asked_to_be_verbose(verbose, in_sweep, lines, capsys):
    level = logging.WARNING if in_sweep else logging.INFO
    with details_shown(verbose, in_sweep=in_sweep):
        shown(level)
    assert capsys.readouterr().err.splitlines() == lines


@pytest.mark.parametrize(
    ("words", "is_shown"),
    [
        (["hydra.verbose=true"], True),
        (["hydra.verbose=[hydra]"], True),
        (["hydra.verbose=true", "hydra.verbose=false"], False),
        (["k=2"], False),
    ],
)
def test_libraries_are_shown_where_hydra_is_asked_to_be_verbose(words, is_shown, capsys):
    with libraries_shown(words):
        logging.getLogger("some.library").warning("searched here")
    err = capsys.readouterr().err
    assert ("[some.library][WARNING] - searched here" in err) is is_shown
