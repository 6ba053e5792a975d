"""What is printed for a shell, read back by bash and zsh."""

import os
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_switchover.machine.shell import shell_command, shell_path, shell_word

SHELLS = {"bash": ["--norc"], "zsh": ["-f"]}
ODD = [
    "", " ", "=ls", "~", "~root/x", "?", "*", "[a]", "{a,b}", "a!b", "a!'b", "#", "$HOME", "$(ls)",
    "`ls`", '"', "'", "\\", "a\\", "-n", "a=~/b", "<>", "|", "&", ";", "()", "\t", "\n", "é",
    "日本", "\u3000", os.fsdecode(b"caf\xe9"), os.fsdecode(b"\xe9a'\\"), "^a", "%1", "@", "a b",
    "study='é'",
]  # fmt: skip
names = st.binary(min_size=1, max_size=12).map(lambda name: os.fsdecode(name.replace(b"\0", b"x")))


@pytest.mark.process
@pytest.mark.parametrize("shell", SHELLS)
def test_every_word_is_read_back_as_it_was(shell):
    """One shell reads them all."""
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    words = list(ODD)

    @settings(max_examples=200, deadline=None, database=None)
    @given(names)
    def add(word):
        assert shell_word(word).isprintable()
        words.append(word)

    add()
    script = shell_command("printf", "%s\\0", *words)
    environment = {**os.environ, "HOME": "/nowhere"}
    ran = subprocess.run(
        [shell, *SHELLS[shell], "-c", script], capture_output=True, check=True, env=environment
    )
    assert ran.stdout.split(b"\0")[:-1] == [os.fsencode(word) for word in words]


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("results/demo", "results/demo"),
        ("-x/demo", "./-x/demo"),
        ("~/demo", "'./~/demo'"),
        ("/a b", "'/a b'"),
    ],
)
def test_no_path_is_taken_for_an_option_or_a_home_folder(path, word):
    assert shell_path(path) == word
