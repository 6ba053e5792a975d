"""The Hydra application behind `python -m ensemble_switchover`."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ensemble_switchover.config.amounts import refuse_long_numbers
from ensemble_switchover.config.command_line import (
    EXIT_FAILURE,
    EXIT_USAGE,
    is_mistake,
    options_first,
    program_name,
)
from ensemble_switchover.config.compose import KEYS_OF_JOBS, of_jobs_text
from ensemble_switchover.config.error_messages import message_for
from ensemble_switchover.config.override_texts import keep_texts
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.run_spec import describe
from ensemble_switchover.config.schema import Config, conf_folder, register_schemas, typed
from ensemble_switchover.errors import ConfigError, EnsembleSwitchoverError
from ensemble_switchover.machine import interruption
from ensemble_switchover.machine.inherited_variables import forget_other_trainings
from ensemble_switchover.machine.logs import shown_on
from ensemble_switchover.machine.standard_streams import lost_output, secure_standard_streams
from ensemble_switchover.machine.system_errors import machine_trouble, sentence_of
from ensemble_switchover.machine.terminal import (
    complain,
    printable,
    replace_unknown_characters,
)
from ensemble_switchover.runner.job import Ending, run_job
from ensemble_switchover.sweep import sweep_plan as sweep
from ensemble_switchover.tracking.wandb_environment import overruled_variables

if TYPE_CHECKING:
    from omegaconf import DictConfig

FULL_ERROR = "HYDRA_FULL_ERROR"
INTERRUPTED = "Interrupted. What is finished is kept; the same command goes on from there."


def main() -> None:
    """Run what the command line asks for; a mistake of the user ends it with one message."""
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
        sys.argv = [program_name(sys.argv[0]), *words]
        application()
    except KeyboardInterrupt:
        print(INTERRUPTED, file=sys.stderr)
        sys.exit(interruption.exit_code())
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        if full_error or not is_mistake(error):
            raise
        complain(message_for(error))
        sys.exit(EXIT_USAGE)
    except Exception as error:
        trouble = machine_trouble(error)
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
    in_sweep = HydraConfig.get().mode == RunMode.MULTIRUN
    if in_sweep:
        if not Path.cwd().samefile(HydraConfig.get().runtime.cwd):
            os.chdir(HydraConfig.get().runtime.cwd)  # Ray starts its processes in another folder
        return sweep.run_job_of_sweep(typed(node), HydraConfig.get().launcher, node.sweep)
    try:
        _refuse_keys_of_sweeps(node)
        return single_run(typed(node))
    except (ConfigError, OmegaConfBaseException) as error:
        complain(message_for(error))
        sys.exit(EXIT_USAGE)
    except EnsembleSwitchoverError as error:
        complain(str(error))
        sys.exit(EXIT_FAILURE)
    except OSError as error:
        print(sentence_of(error), file=sys.stderr)
        sys.exit(EXIT_FAILURE)


def _refuse_keys_of_sweeps(node: DictConfig) -> None:
    for key in ("hours", "jobs_per_device"):
        if node.sweep[key] is not None:
            raise ConfigError(
                f"sweep.{key}={node.sweep[key]}: is for a sweep, and this is one run; expected "
                f"--multirun or sweep=NAME beside it"
            )
    for key in KEYS_OF_JOBS:
        value = OmegaConf.select(node, key)
        if value:
            raise ConfigError(of_jobs_text(f"{key}={value}"))
    if node.sweep.together == "seeds":
        raise ConfigError(
            "sweep.together=seeds: is for a sweep, and this is one run; expected --multirun or "
            "sweep=NAME beside it"
        )


def single_run(config: Config) -> str:
    """Run one design, and print what it is and how it ended.

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
    return str(outcome.ending.value)
