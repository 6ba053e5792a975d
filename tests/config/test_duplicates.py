"""Files with the same bytes, by what is wrong with them."""

from ensemble_switchover.config.duplicates import duplicate_remarks
from ensemble_switchover.machine.file_digests import ABSENT_DIGEST

LABELS = {"a/1": 0, "a/2": 0, "a/3": 0, "b/1": 1, "b/2": 1, "b/3": 1}


def remarks(digests, measured=("a/3", "b/3")):
    rest = LABELS.keys() - set(measured)
    full = {file: digests.get(file, file) for file in LABELS}
    return duplicate_remarks(LABELS, full, rest, frozenset(measured), "test")


def test_images_of_their_own_are_not_remarked_on():
    assert remarks({}) == []


def test_files_that_cannot_be_read_are_no_copies():
    assert remarks({"a/1": ABSENT_DIGEST, "a/2": ABSENT_DIGEST}) == []


def test_two_labels_of_one_image_are_named():
    (remark,) = remarks({"a/1": "same", "b/1": "same"})
    assert remark.startswith("2 files lie in more than one class with the same bytes")
    assert remark.endswith(": a/1 = b/1")


def test_images_on_both_sides_of_the_split_are_counted():
    across, copies = remarks({"a/1": "same", "a/3": "same"})
    assert across.startswith("1 of 2 test images are also trained on, byte for byte")
    assert across.endswith(": a/1 = a/3")
    assert copies == "1 file repeats the bytes of another file of the same class"


def test_copies_within_a_class_are_counted():
    assert remarks({"a/1": "x", "a/2": "x", "b/1": "y", "b/2": "y"}) == [
        "2 files repeat the bytes of another file of the same class"
    ]


def test_names_that_are_not_utf_8_are_written_as_escapes():
    name = "caf\udce9"
    found = duplicate_remarks({name: 0, "b": 1}, {name: "x", "b": "x"}, {name}, {"b"}, "test")
    assert r"caf\xe9 = b" in found[0]
    "".join(found).encode()
