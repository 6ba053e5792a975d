"""Cached data sets are read back unchanged, and damage is detected."""

import errno
import json
import logging
import multiprocessing
import resource
from dataclasses import fields

import numpy as np
import pytest
import torch
from filelock import FileLock

from ensemble_switchover.data import array_cache
from ensemble_switchover.data.array_cache import MANIFEST, cached_dataset
from ensemble_switchover.data.normalisation import mean_and_deviation
from ensemble_switchover.data.sources.source import DatasetArrays
from ensemble_switchover.errors import DataError
from ensemble_switchover.machine.logs import attached
from tests.log_lines import CallingHandler

ARRAYS = [
    entry.name
    for entry in fields(DatasetArrays)
    if entry.name not in {"class_names", "remarks", "content"}
]


def make_set(seed=0, train=30, test=10):
    generator = np.random.default_rng(seed)
    return DatasetArrays(
        train_images=generator.integers(0, 256, (train, 3, 5, 4), dtype=np.uint8),
        train_labels=generator.integers(0, 3, train),
        test_images=generator.integers(0, 256, (test, 3, 5, 4), dtype=np.uint8),
        test_labels=generator.integers(0, 3, test),
        class_names=("ant", "bee", "été"),
        remarks=("3 files were left out",),
    )


def not_again():
    raise AssertionError("decoded again")


def assert_same(found, expected):
    assert found.class_names == expected.class_names
    assert found.remarks == expected.remarks
    for name in ARRAYS:
        one, other = getattr(found, name), getattr(expected, name)
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("test", [10, 0])
def test_a_set_is_decoded_once_and_read_back(tmp_path, test, log_lines):
    decoded = make_set(test=test)
    first = cached_dataset(tmp_path / "a" / "b", "ants", lambda: decoded)
    again = cached_dataset(tmp_path / "a" / "b", "ants", not_again)
    for found in (first, again):
        assert_same(found.arrays, decoded)
    assert len(log_lines) == 1
    assert str(tmp_path / "a" / "b" / "ants") in log_lines[0]
    assert names_in(tmp_path / "a" / "b") == ["ants", "ants.lock"]


def test_the_files_are_numpys(tmp_path):
    decoded = make_set()
    cached_dataset(tmp_path, "ants", lambda: decoded)
    for name in ARRAYS:
        assert np.array_equal(np.load(tmp_path / "ants" / f"{name}.npy"), getattr(decoded, name))


def test_images_are_mapped_and_no_write_reaches_the_file(tmp_path):
    decoded = make_set()
    images = cached_dataset(tmp_path, "ants", lambda: decoded).arrays.train_images
    assert isinstance(images.base, np.memmap)
    torch.from_numpy(images).zero_()  # without a warning, too
    assert_same(cached_dataset(tmp_path, "ants", not_again).arrays, decoded)


def test_a_large_array_is_written_in_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(array_cache, "WRITE_CHUNK_BYTES", 7)
    decoded = make_set()
    cached_dataset(tmp_path, "ants", lambda: decoded)
    assert_same(cached_dataset(tmp_path, "ants", not_again).arrays, decoded)


def cut(place):
    path = place / "train_images.npy"
    path.write_bytes(path.read_bytes()[:-1])


def lose_a_file(place):
    (place / "test_labels.npy").unlink()


def lose_the_manifest(place):
    (place / MANIFEST).unlink()


def spoil_the_manifest(place):
    (place / MANIFEST).write_text("{")


def age(place):
    manifest = json.loads((place / MANIFEST).read_text())
    (place / MANIFEST).write_text(json.dumps({**manifest, "version": 0}))


def rename_within(place):
    manifest = json.loads((place / MANIFEST).read_text())
    (place / MANIFEST).write_text(json.dumps({**manifest, "identity": "bees"}))


def change_the_type(place):
    np.save(place / "train_images.npy", make_set().train_images.astype(np.int8))


def swap_images(place):
    np.save(place / "train_images.npy", make_set(seed=1).train_images)


def swap_labels(place):
    np.save(place / "train_labels.npy", make_set(seed=1).train_labels)


def put_objects(place):
    np.save(place / "train_labels.npy", np.array([{}] * 30), allow_pickle=True)


def become_a_file(place):
    for path in place.iterdir():
        path.unlink()
    place.rmdir()
    place.write_text("junk")


@pytest.mark.parametrize(
    "damage",
    [cut, lose_a_file, lose_the_manifest, spoil_the_manifest, age, rename_within, change_the_type,
     swap_images, swap_labels, put_objects, become_a_file],
)  # fmt: skip
def test_a_damaged_cache_is_noticed_and_made_again(tmp_path, damage):
    decoded, calls = make_set(), []

    def decode():
        calls.append(1)
        return decoded

    cached_dataset(tmp_path, "ants", decode)
    damage(tmp_path / "ants")
    assert_same(cached_dataset(tmp_path, "ants", decode).arrays, decoded)
    assert len(calls) == 2
    assert_same(cached_dataset(tmp_path, "ants", not_again).arrays, decoded)


@pytest.mark.parametrize("byte", [b"(", b"\x00", b"\xe1"])
def test_no_damage_of_a_header_goes_unnoticed(tmp_path, byte):
    cached_dataset(tmp_path, "ants", make_set)
    path = tmp_path / "ants" / "train_labels.npy"
    whole = path.read_bytes()
    for position in range(128):
        damaged = whole[:position] + byte + whole[position + 1 :]
        path.write_bytes(damaged)
        found = array_cache._read(tmp_path / "ants", "ants")
        assert (found is None) == (damaged != whole)


def test_what_a_killed_process_left_is_removed(tmp_path):
    (tmp_path / "ants.part-dead").mkdir()
    (tmp_path / "ants.part-dead" / "train_images.npy").write_bytes(b"half")
    cached_dataset(tmp_path, "ants", make_set)
    assert names_in(tmp_path) == ["ants", "ants.lock"]


def test_a_set_that_cannot_be_decoded_leaves_nothing(tmp_path):
    def decode():
        raise DataError("train.bin: cut off")

    with pytest.raises(DataError, match=r"^train.bin: cut off$"):
        cached_dataset(tmp_path, "ants", decode)
    assert names_in(tmp_path) in ([], ["ants.lock"])


def test_without_a_folder_a_set_is_decoded_each_time_and_that_is_said_once(
    tmp_path, untold, log_lines
):
    (tmp_path / "file").write_text("")
    for _ in range(2):
        assert_same(cached_dataset(tmp_path / "file", "ants", make_set).arrays, make_set())
    (line,) = log_lines
    assert line.startswith(f"nothing can be cached in {tmp_path / 'file'} (File exists), so ")
    assert line.endswith("; dataset.cache= takes a folder that can be written")


def test_a_folder_that_may_not_be_written_is_done_without(tmp_path, monkeypatch, untold, log_lines):
    def refuse(*args, **kwargs):  # root may write anywhere
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(array_cache, "_write_array", refuse)
    assert_same(cached_dataset(tmp_path, "ants", make_set).arrays, make_set())
    assert "(Permission denied)" in log_lines[-1]
    assert "ants" not in names_in(tmp_path)


def test_a_disk_that_fills_up_is_done_without_and_leaves_nothing(tmp_path, untold, log_lines):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        found = cached_dataset(tmp_path, "ants", make_set)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert_same(found.arrays, make_set())
    assert "(File too large)" in log_lines[-1]
    assert set(names_in(tmp_path)) <= {"ants.lock"}
    assert_same(cached_dataset(tmp_path, "ants", make_set).arrays, make_set())


def test_waiting_for_another_process_is_reported(tmp_path):
    lock, messages = FileLock(tmp_path / "ants.lock"), []

    def end_of_the_other(line):
        messages.append(line)
        lock.release()

    lock.acquire()
    with attached(CallingHandler(logging.INFO, end_of_the_other)):
        cached_dataset(tmp_path, "ants", make_set)
    assert messages[0] == "another process is preparing ants; waiting for it"
    assert len(messages) == 2


def decode_and_count(folder, barrier, answers):
    def decode():
        (folder / "decoded").open("a").write("x")
        return make_set()

    barrier.wait()
    answers.put(int(cached_dataset(folder, "ants", decode).arrays.train_images.sum()))


@pytest.mark.process
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_of_two_processes_that_start_at_once_one_decodes(tmp_path):
    context = multiprocessing.get_context("fork")
    barrier, answers = context.Barrier(2), context.Queue()
    processes = [
        context.Process(target=decode_and_count, args=(tmp_path, barrier, answers))
        for _ in range(2)
    ]
    for process in processes:
        process.start()
    sums = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert sums == [int(make_set().train_images.sum())] * 2
    assert (tmp_path / "decoded").read_text() == "x"


def test_moments_are_kept_and_give_numpys_statistics_of_any_subset(tmp_path):
    decoded = make_set()
    cached_dataset(tmp_path, "ants", lambda: decoded)
    moments = cached_dataset(tmp_path, "ants", not_again).train_moments
    for chosen in (np.arange(30), np.array([1, 5, 6]), np.array([7])):
        pixels = decoded.train_images[chosen] / 255
        mean, deviation = mean_and_deviation(moments[chosen], 20)
        np.testing.assert_allclose(mean, pixels.mean(axis=(0, 2, 3)), rtol=1e-13)
        np.testing.assert_allclose(deviation, pixels.std(axis=(0, 2, 3)), rtol=1e-12)
