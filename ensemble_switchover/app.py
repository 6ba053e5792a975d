"""The Hydra application behind `python -m ensemble_switchover`."""

from __future__ import annotations

import os
import sys
import warnings
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from ensemble_switchover.config.amounts import refuse_long_numbers
from ensemble_switchover.config.command_line import (
    EXIT_FAILURE,
    EXIT_USAGE,
    SCRIPT,
    asks_version,
    is_mistake,
    options_first,
    program_name,
    version_text,
)
from ensemble_switchover.config.completion import asks_completion, prepare_completion
from ensemble_switchover.config.compose import KEYS_OF_JOBS, OF_SWEEP, of_jobs_text
from ensemble_switchover.config.error_messages import message_for
from ensemble_switchover.config.groups import conf_folder, register_schemas
from ensemble_switchover.config.hydra_folders import refuse_hydra_folders, take_hydra_files
from ensemble_switchover.config.override_texts import keep_texts
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.run_spec import describe
from ensemble_switchover.config.schema import Config, SweepConfig, typed
from ensemble_switchover.config.search_path import check_folders, search
from ensemble_switchover.config.validation import value_problems
from ensemble_switchover.errors import ConfigError, EnsembleSwitchoverError
from ensemble_switchover.machine import interruption
from ensemble_switchover.machine.command_time import mark_begin
from ensemble_switchover.machine.inherited_variables import forget_other_trainings
from ensemble_switchover.machine.logs import details_shown, libraries_shown, shown_on
from ensemble_switchover.machine.standard_streams import lost_output, secure_standard_streams
from ensemble_switchover.machine.system_errors import machine_trouble, sentence_of
from ensemble_switchover.machine.terminal import (
    complain,
    printable,
    replace_unknown_characters,
)
from ensemble_switchover.runner.hydra_files import keep_hydra_files
from ensemble_switchover.runner.job import Ending, run_job
from ensemble_switchover.sweep import sweep_plan as sweep
from ensemble_switchover.sweep.seed_jobs import configs_of_seeds
from ensemble_switchover.tracking.wandb_environment import overruled_variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from omegaconf import DictConfig

FULL_ERROR = "HYDRA_FULL_ERROR"
INTERRUPTED = "Interrupted. What is finished is kept; the same command goes on from there."
STUDY_SWEEPER = "study"
"""The option of `hydra/sweeper=` that is this program's own."""


def main() -> None:
    """Run what the command line asks for; a mistake of the user ends it with one message."""
    mark_begin()
    secure_standard_streams()
    full_error = os.environ.get(FULL_ERROR) == "1"
    os.environ[FULL_ERROR] = "1"  # Hydra raises, and this program writes the message
    # joblib warns when it replaces a worker whose memory has grown, which needs no action
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given")
    interruption.listen()
    register_schemas()
    replace_unknown_characters()
    application = hydra.main(
        version_base="1.3", config_path=str(conf_folder()), config_name="config"
    )(job)
    try:
        refuse_long_numbers(sys.argv[1:])
        words = keep_texts(options_first(sys.argv[1:]))
        if asks_version(words):
            print(version_text())
            return
        refuse_hydra_folders(words)
        check_folders(words)
        prepare_completion(words)
        name = SCRIPT if asks_completion(words) else program_name(sys.argv[0])
        sys.argv = [name, *words]
        with libraries_shown(words):
            application()
    except KeyboardInterrupt:
        print(INTERRUPTED, file=sys.stderr)
        sys.exit(interruption.exit_code())
    except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
        if full_error or not is_mistake(error):
            raise
        complain(message_for(error))
        sys.exit(EXIT_USAGE)
    except Exception as error:
        trouble = machine_trouble(error)
        if isinstance(error, EnsembleSwitchoverError):
            trouble = str(error)
        if full_error or trouble is None:
            raise
        complain(trouble)
        sys.exit(EXIT_FAILURE)
    lost = lost_output()
    if lost is not None:
        print(f"some lines are lost: {sentence_of(lost)}", file=sys.stderr)
    if sweep.unfinished_of_this_process():
        sys.exit(EXIT_FAILURE)


def job(node: DictConfig) -> str:
    """Run one job; in a sweep a failure is recorded and reported, and the sweep goes on."""
    forget_other_trainings()  # a cluster's processes have variables of their own
    settings = HydraConfig.get()
    if not Path.cwd().samefile(settings.runtime.cwd):
        # Ray starts its processes in another folder, and hydra.job.chdir goes into one
        os.chdir(settings.runtime.cwd)
    search(settings.overrides.hydra)
    files = take_hydra_files(settings)
    in_sweep = settings.mode == RunMode.MULTIRUN
    with details_shown(settings.verbose, in_sweep=in_sweep):
        if not in_sweep:
            return _run_alone(node, files)
        sweeper = settings.runtime.choices["hydra/sweeper"]
        if sweeper != STUDY_SWEEPER:  # it prints nothing, and is told of failures
            _refuse_keys_of_sweeps(node, f"hydra/sweeper={STUDY_SWEEPER}")
            return single_run(typed(node), files)
        configs = configs_of_seeds(node)
        answer = sweep.run_job_of_sweep(configs, settings.launcher, node.sweep)
        keep_hydra_files(files, configs)
        return answer


def _run_alone(node: DictConfig, files: Mapping[str, bytes]) -> str:
    """Run one design; a failure ends the program."""
    try:
        _refuse_keys_of_sweeps(node, "--multirun or sweep=NAME")
        return single_run(typed(node), files)
    except (ConfigError, OmegaConfBaseException) as error:
        complain(message_for(error))
        sys.exit(EXIT_USAGE)
    except EnsembleSwitchoverError as error:
        complain(str(error))
        sys.exit(EXIT_FAILURE)
    except OSError as error:
        print(sentence_of(error), file=sys.stderr)
        sys.exit(EXIT_FAILURE)


def _refuse_keys_of_sweeps(node: DictConfig, expected: str) -> None:
    """Refuse every key of a sweep that differs from its default, which would do nothing."""
    for key in KEYS_OF_JOBS:
        value = OmegaConf.select(node, key)
        if value:
            raise ConfigError(of_jobs_text(f"{key}={value}"))
    asked, default = OmegaConf.to_object(node.sweep), SweepConfig()
    problems = value_problems(asked, OF_SWEEP)
    for entry in fields(SweepConfig):
        value = getattr(asked, entry.name)
        if not problems and value != getattr(default, entry.name):
            text = str(value).lower() if isinstance(value, bool) else value
            problems = [
                f"{OF_SWEEP}{entry.name}={text}: is for a sweep, and this is one run; expected "
                f"{expected} beside it"
            ]
    if problems:
        raise ConfigError(*problems)


def single_run(config: Config, files: Mapping[str, bytes]) -> str:
    """Run one design, and print what it is and how it ended.

    Args:
        config: The configuration of the run.
        files: What is kept beside its record, if it has none yet.

    Raises:
        EnsembleSwitchoverError: for what the user can correct.
    """
    spec = resolve(config)
    for line in (*spec.notes, describe(spec)):
        print(line)
    overruled = overruled_variables() if config.logger.kind == "wandb" else None
    if overruled is not None:
        complain(overruled)
    with shown_on(sys.stdout):
        outcome = run_job(spec, config, concurrent_jobs=1)
    if outcome.ending is Ending.FAILED_BEFORE:
        raise EnsembleSwitchoverError(outcome.line)
    for line in outcome.line.splitlines():
        print(printable(line))
    keep_hydra_files(files, [config])
    return str(outcome.ending.value)
