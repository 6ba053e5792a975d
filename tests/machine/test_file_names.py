"""Names of any bytes, shown to people and given to shells."""

import os
import subprocess

from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_switchover.machine.file_names import is_text, readable_name, shell_word

NAMES = st.binary(min_size=1, max_size=40).filter(lambda name: not {0, 47} & set(name))


@settings(max_examples=200, deadline=None)
@given(NAMES)
def test_a_name_is_shown_on_one_line_of_text(name):
    shown = readable_name(os.fsdecode(name))
    shown.encode()
    assert shown.isprintable()
    if is_text(os.fsdecode(name)) and os.fsdecode(name).isprintable():
        assert shown == os.fsdecode(name)


@settings(max_examples=12, deadline=None)
@given(NAMES)
def test_a_shell_reads_the_name_again(name):
    command = f"printf %s {shell_word(os.fsdecode(name))}"
    command.encode()
    shown = subprocess.run(["bash", "-c", command], capture_output=True, check=True)
    assert shown.stdout == name
