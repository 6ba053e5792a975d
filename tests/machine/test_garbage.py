"""Collections within look at new objects alone, and those after it at all."""

import gc
import weakref

import pytest

from ensemble_switchover.machine.garbage import older_objects_spared


class Circle:
    def __init__(self):
        self.own = self


@pytest.fixture
def nothing_frozen():
    frozen = gc.get_freeze_count() > 0
    gc.unfreeze()
    yield
    if frozen:
        gc.freeze()


@pytest.mark.usefixtures("nothing_frozen")
def test_new_garbage_is_collected_and_older_garbage_afterwards():
    old = weakref.ref(Circle())
    with older_objects_spared():
        new = weakref.ref(Circle())
        gc.collect()
        assert new() is None
        assert old() is not None
    gc.collect()
    assert old() is None


@pytest.mark.usefixtures("nothing_frozen")
def test_what_a_process_froze_itself_stays_frozen():
    gc.freeze()
    with older_objects_spared():
        pass
    assert gc.get_freeze_count() > 0
