"""Images that were reduced, as records tell."""

from __future__ import annotations

from dataclasses import replace

from ensemble_switchover.analysis.reduced_images import name_images_of, reduced_from
from tests.factories import make_record


def test_a_published_set_with_fewer_pixels_was_reduced():
    whole, small = make_record(), make_record(dataset={"image_size": 4})
    assert (reduced_from(whole), name_images_of(whole)) == (None, "digits")
    assert (reduced_from(small), name_images_of(small)) == (8, "digits at 4x4 pixels")


def test_a_folder_and_a_set_of_ones_own_were_not():
    own = {"options": {"_target_": "mine.load"}, "image_size": 4}
    for record in (
        make_record(dataset={"name": "folder", "image_size": 12}),
        make_record(dataset={"name": "photos", "image_size": 12}),
        make_record(dataset=own),
    ):
        assert reduced_from(record) is None
        assert name_images_of(record) == record.dataset.name


def test_the_set_whose_files_are_used_tells_the_side():
    small = make_record(dataset={"name": "part", "image_size": 16})
    assert reduced_from(replace(small, config={"dataset": {"base": "cifar10"}})) == 32
    for stated in ({}, {"dataset": None}, {"dataset": {"base": 7}}):
        assert reduced_from(replace(small, config=stated)) is None
