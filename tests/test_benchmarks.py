"""Benchmarks are run by hand; what they import must exist all the same."""

from importlib import import_module
from pkgutil import iter_modules

import pytest

import benchmarks


@pytest.mark.parametrize("name", [module.name for module in iter_modules(benchmarks.__path__)])
def test_a_benchmark_can_be_imported(name):
    import_module(f"benchmarks.{name}")
