"""A folder gets its name when it is complete, and a former one stays until then."""

import resource

import pytest

from ensemble_switchover.machine.files import write_file
from ensemble_switchover.machine.whole_folder import whole_folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_it_has_no_name_before_the_end(tmp_path):
    out = tmp_path / "deep" / "out"
    with whole_folder(out) as temporary:
        (temporary / "a").write_text("new")
        assert not out.exists()
    assert names(out) == ["a"]
    assert names(out.parent) == ["out"]


@pytest.mark.parametrize("is_link", [False, True])
def test_a_former_one_is_replaced_with_all_that_is_in_it(is_link, tmp_path):
    real = tmp_path / "real"
    real.mkdir()
    (real / "old").touch()
    out = tmp_path / "out" if is_link else real
    if is_link:
        out.symlink_to(real)
    with whole_folder(out) as temporary:
        (temporary / "new").touch()
        assert names(real) == ["old"]
    assert names(real) == ["new"]
    assert out.is_symlink() == is_link
    assert names(tmp_path) == sorted({out.name, "real"})


def write_and_raise(out, error):
    with whole_folder(out) as temporary:
        (temporary / "new").touch()
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_fails_leaves_nothing(error, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "old").touch()
    with pytest.raises(error):
        write_and_raise(out, error)
    assert names(out) == ["old"]
    assert names(tmp_path) == ["out"]


def test_a_full_disk_names_the_folder_that_was_asked_for(tmp_path):
    out = tmp_path / "out"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="File too large") as caught, whole_folder(out) as folder:
            write_file(folder / "a", b"a" * 2000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.filename == str(out)
    assert names(tmp_path) == []
