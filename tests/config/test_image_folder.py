"""Listing a folder of images by its names."""

import os
import subprocess
import tempfile
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_switchover.config.folder_layout import PART_NAMES
from ensemble_switchover.config.image_folder import read_image_folder
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.paths import is_text


def make(root, *names, content="x"):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


SPLIT = ("train/cat/2.png", "train/cat/10.png", "train/dog/a.jpg", "test/cat/3.png", "test/dog/b")


def test_train_and_test_are_listed_in_order(tmp_path):
    found = read_image_folder(make(tmp_path, *SPLIT))
    assert found.class_names == ("cat", "dog")
    assert found.train.files == ("train/cat/10.png", "train/cat/2.png", "train/dog/a.jpg")
    assert found.train.labels == (0, 0, 1)
    assert found.test.files == ("test/cat/3.png", "test/dog/b")
    assert found.test.labels == (0, 1)


def test_one_folder_is_listed_whole(tmp_path):
    found = read_image_folder(make(tmp_path, "b/1", "b/2", "a/1", "a/2"))
    assert (found.class_names, found.test) == (("a", "b"), None)
    assert found.train.files == ("a/1", "a/2", "b/1", "b/2")


def test_clutter_is_not_taken_for_images(tmp_path):
    plain = read_image_folder(make(tmp_path / "plain", *SPLIT))
    clutter = (".DS_Store", "train/.hidden/x", "train/cat/Thumbs.db", "test/dog/.b", "notes.txt")
    found = read_image_folder(make(tmp_path / "cluttered", *SPLIT, *clutter))
    assert found == plain


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "expected 2 folders or more in {root}, one a class; found 0"),
        (("a/1", "a/2"), "expected 2 folders or more in {root}, one a class; found 1"),
        (("1.png", "2.png"), "expected 2 folders or more in {root}, one a class; found 0"),
        (("train/a/1", "train/b/1"), "has no folder test; expected train and test"),
        (("test/a/1", "test/b/1"), "has no folder train; expected train and test"),
        (("train/a/1", "train/b/1", "test/a/1", "test/c/1"), "train lacks c"),
        (
            ("train/a/1", "train/b/1", "train/c/1", "test/a/1", "test/b/1"),
            "test lacks c; add images of each there; or give ",
        ),
    ],
)
def test_what_is_missing_is_named(names, message, tmp_path):
    with pytest.raises(ConfigError) as error:
        read_image_folder(make(tmp_path, *names))
    assert str(error.value).startswith(f"dataset.root={tmp_path}: ")
    assert message.format(root=tmp_path) in str(error.value)


def test_an_unreadable_class_is_named(tmp_path, monkeypatch):
    make(tmp_path, "a/1", "a/2", "b/1", "b/2")
    scan = os.scandir

    def refuse(path):
        if str(path).endswith("/b"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)  # root may read anything
    with pytest.raises(ConfigError, match=r"/b cannot be read \(Permission denied\)"):
        read_image_folder(tmp_path)


def test_links_lead_to_classes_and_never_in_circles(tmp_path):
    make(tmp_path / "elsewhere", "1", "2")
    root = make(tmp_path / "root", "a/1", "a/2")
    (root / "b").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (root / "a" / "loop").symlink_to(root, target_is_directory=True)
    (root / "a" / "broken").symlink_to(root / "nowhere")
    found = read_image_folder(root)
    assert found.train.files == ("a/1", "a/2", "a/broken", "b/1", "b/2")
    assert found.inner_folders == ("a/loop",)


def test_clutter_is_no_class_and_counted_nowhere(tmp_path):
    plain = read_image_folder(make(tmp_path / "plain", *SPLIT))
    clutter = ("train/@eaDir/1", "test/__MACOSX/cat/._3.png", "$RECYCLE.BIN/1", "lost+found/1")
    more = ("train/cat/@eaDir/2.png", "train/__pycache__/x.pyc", "test/dog/desktop.ini")
    assert read_image_folder(make(tmp_path / "cluttered", *SPLIT, *clutter, *more)) == plain


def test_two_forms_of_one_name_are_one_class(tmp_path):
    composed, apart = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    make(tmp_path / "both", f"{composed}/1", f"{composed}/2", f"{apart}/3", "dog/1", "dog/2")
    found = read_image_folder(tmp_path / "both")
    assert found.class_names == (composed, "dog")
    assert found.train.labels == (0, 0, 0, 1, 1)
    assert set(found.train.files) >= {f"{composed}/1", f"{apart}/3"}
    make(tmp_path / "parts", f"train/{composed}/1", "train/dog/1", f"test/{apart}/1", "test/dog/1")
    found = read_image_folder(tmp_path / "parts")
    assert found.class_names == (composed, "dog")
    assert (found.train.labels, found.test.labels) == ((0, 1), (0, 1))
    make(tmp_path / "one", f"{apart}/1", f"{apart}/2", "dog/1", "dog/2")
    assert read_image_folder(tmp_path / "one").class_names == (apart, "dog")


def test_names_that_differ_in_case_are_told(tmp_path):
    make(tmp_path / "parts", "train/Cat/1", "train/dog/1", "test/cat/1", "test/dog/1")
    with pytest.raises(ConfigError, match="test has cat where train has Cat: give both one name"):
        read_image_folder(tmp_path / "parts")
    make(tmp_path / "alike", "Cat/1", "cat/1", "dog/1")
    (remark,) = read_image_folder(tmp_path / "alike").remarks
    assert remark.startswith("Cat and cat are classes of their own")


@pytest.mark.parametrize("name", [b"caf\xe9", b"it's \x81\n", b"\xff\xfe", b"a\xed\xb3\xa9"])
def test_a_class_whose_name_is_not_utf_8_is_renamed_by_the_command_that_is_printed(name, tmp_path):
    bad = os.fsdecode(name)
    make(tmp_path, "dog/1", "dog/2", f"{bad}/1", f"{bad}/2")
    with pytest.raises(ConfigError) as error:
        read_image_folder(tmp_path)
    text = str(error.value)
    text.encode()  # no lone surrogate
    assert len(text.splitlines()) == 1
    assert "has a name that is not UTF-8" in text
    command = text.partition("for example: ")[2]
    assert "remove" not in text
    subprocess.run(["bash", "-c", command], check=True)
    assert not (tmp_path / bad).exists()
    assert len(read_image_folder(tmp_path).class_names) == 2


def test_images_whose_names_are_not_utf_8_are_read(tmp_path):
    make(tmp_path, "dog/1", "dog/2", "cat/2")
    name = os.fsdecode(b"caf\xe9.png")
    (tmp_path / "cat" / name).write_text("x")
    found = read_image_folder(tmp_path)
    assert found.train.files == ("cat/2", f"cat/{name}", "dog/1", "dog/2")


@pytest.mark.parametrize("target", ["nowhere", "dog"])
def test_a_class_that_is_a_broken_link_or_a_circle_is_named(target, tmp_path):
    make(tmp_path, "train/cat/1", "train/bird/1", "test/cat/1", "test/bird/1", "test/dog/1")
    (tmp_path / "train" / "dog").symlink_to(target)
    with pytest.raises(ConfigError, match=rf"train/dog is a link to {target}, which is not there"):
        read_image_folder(tmp_path)


def test_a_class_that_holds_folders_alone_is_no_class(tmp_path):
    make(tmp_path, "images/cat/1", "images/dog/1", "labels/1.csv")
    with pytest.raises(ConfigError) as error:
        read_image_folder(tmp_path)
    assert "the class images holds no images but folders (cat and dog)" in str(error.value)
    assert f"give \"dataset.root='{tmp_path}/images'\"" in str(error.value)


def test_files_beside_classes_are_mentioned_where_classes_lack(tmp_path):
    make(tmp_path, "train/1.png", "train/2.png", "test/1.png")
    with pytest.raises(ConfigError, match=r"one a class; found 0, and 2 files of no class"):
        read_image_folder(tmp_path)


def classes_or_refusal(root):
    try:
        return read_image_folder(root).class_names, ""
    except ConfigError as error:
        return (), str(error)


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=30).filter(lambda name: not {0, 47} & set(name)))
def test_a_class_of_any_name_is_read_or_left_out_or_refused_in_a_sentence(name):
    text = os.fsdecode(name)
    if text in {".", ".."}:
        return
    with tempfile.TemporaryDirectory() as folder:
        root = make(Path(folder), "cat/1", "cat/2", "dog/1", "dog/2", f"{text}/1", f"{text}/2")
        classes, refusal = classes_or_refusal(root)
    assert refusal.isprintable()
    if refusal:
        parts = {name for names in PART_NAMES.values() for name in names}
        assert not is_text(text) or text.strip().lower() in parts
    else:
        assert all(map(is_text, classes))
        assert {"cat", "dog"} <= set(classes) <= {"cat", "dog", text}
