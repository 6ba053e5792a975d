"""Composing and resolving a run from overrides, quickly."""

import functools

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from ensemble_switchover.config.groups import conf_folder
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.schema import typed

GROUPS = {"arch", "budget", "dataset", "design", "logger"}


@functools.cache
def composed(*choices):
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        return compose("config", overrides=list(choices))


def resolve_with(*overrides):
    """Resolve what the command line would compose; each choice of groups is composed once."""
    choices = [override for override in overrides if override.partition("=")[0] in GROUPS]
    values = [override for override in overrides if override not in choices]
    return resolve(typed(OmegaConf.merge(composed(*choices), OmegaConf.from_dotlist(values))))
