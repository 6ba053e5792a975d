import pytest

from ensemble_switchover.errors import ConfigError, first_line


def test_several_problems_are_a_list_and_one_stands_alone():
    assert str(ConfigError("k=0: expected 1")) == "k=0: expected 1"
    assert str(ConfigError("a", "b")) == "2 problems:\n  - a\n  - b"


@pytest.mark.parametrize(
    ("error", "line"), [(OSError("one\ntwo"), "one"), (MemoryError(), "MemoryError")]
)
def test_the_first_line_is_never_empty(error, line):
    assert first_line(error) == line
