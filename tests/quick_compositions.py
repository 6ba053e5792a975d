"""Hydra merges the files of each choice of options once; values of keys are set on copies.

A composition takes Hydra a tenth of a second, most of it for files and merges that depend on the
chosen options alone, and the tests compose thousands. What parses overrides, sets values and finds
mistakes remains Hydra's own. `tests/config/test_compose.py` compares with Hydra left alone.
"""

from __future__ import annotations

import copy
from contextlib import contextmanager
from dataclasses import replace
from unittest import mock

from hydra._internal import config_loader_impl
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository

_list_defaults = config_loader_impl.create_defaults_list
_merge = ConfigLoaderImpl._compose_config_from_defaults_list
_find_sources = ConfigLoaderImpl._process_config_searchpath

_listed: dict[str, config_loader_impl.DefaultsList] = {}
_merged: dict[str, config_loader_impl.DictConfig] = {}


def quick_compositions():
    """Let Hydra merge each choice of options once within this block."""
    return _patched(_list_defaults_once, _SharedRepository, _merge_once, _find_named_sources)


def hydra_alone():
    """Undo `quick_compositions` within this block."""
    return _patched(_list_defaults, CachingConfigRepository, _merge, _find_sources)


@contextmanager
def _patched(list_defaults, repository, merge, find_sources):
    with (
        mock.patch.multiple(
            config_loader_impl,
            create_defaults_list=list_defaults,
            CachingConfigRepository=repository,
        ),
        mock.patch.multiple(
            ConfigLoaderImpl,
            _compose_config_from_defaults_list=merge,
            _process_config_searchpath=find_sources,
        ),
    ):
        yield


class _SharedRepository(CachingConfigRepository):
    """Reads the sources of another repository in place of copies of them."""

    def __init__(self, delegate):
        self.delegate = copy.copy(delegate)
        self.cache = {}


def _list_defaults_once(repo, config_name, overrides_list, **options):
    chosen, values = [], []
    for override in overrides_list:
        is_option = repo.group_exists(override.key_or_group) and not isinstance(
            override.value(), dict
        )
        (chosen if is_option or override.is_sweep_override() else values).append(override)
    key = _key(repo, config_name, [override.input_line for override in chosen], options)
    if key not in _listed:
        _listed[key] = _list_defaults(repo, config_name, chosen, **options)
    return replace(_listed[key], config_overrides=values)


def _merge_once(self, defaults, repo):
    key = _key(repo, defaults)
    if key not in _merged:
        _merged[key] = _merge(self, defaults, repo)
    return copy.deepcopy(_merged[key])


def _find_named_sources(self, config_name, parsed_overrides, repo):
    if any(override.get_key_element() == "hydra.searchpath" for override in parsed_overrides):
        _find_sources(self, config_name, parsed_overrides, repo)


def _key(repo, *parts):
    return repr(([(source.provider, source.path) for source in repo.get_sources()], *parts))
