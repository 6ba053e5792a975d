"""What holds of every served ensemble, whether its members are all asked or in turn."""

import pytest
import torch
from torch import nn

from ensemble_switchover.errors import ImageError
from ensemble_switchover.serving import load_ensemble, served_model
from ensemble_switchover.serving.served_model import ServedModel
from ensemble_switchover.serving.weights import dump_weights
from tests.trained import TASK, images_of, make_trained

KINDS = [{}, {"execution": "cascade", "threshold": 0.95}]


@pytest.fixture
def path(tmp_path):
    """Write the weights of an ensemble that is made up."""
    path = tmp_path / "weights.safetensors"
    path.write_bytes(dump_weights(make_trained(k=3)))
    return path


@pytest.fixture(params=KINDS, ids=["sequential", "cascade"])
def load(request, path):
    return lambda **options: load_ensemble(path, **request.param, **options)


def test_it_is_never_trained(load):
    ensemble = load()
    student = nn.Sequential(ensemble, nn.Linear(5, 5)).train()
    before = ensemble(images_of(TASK, 4))
    assert student.training
    assert not any(module.training for module in ensemble.modules())
    assert not any(parameter.requires_grad for parameter in ensemble.parameters())
    assert torch.equal(ensemble(images_of(TASK, 4)), before)
    images = (images_of(TASK, 4) / 255).requires_grad_()
    ensemble(images)[:, 0].sum().backward()  # such as for a map of what it looks at
    assert images.grad.abs().max() > 0


def test_what_would_be_wrong_is_refused(load):
    ensemble = load()
    images = images_of(TASK, 4)
    ensemble(images / 255)
    for wrong in (images.float(), images / 255 - 0.5, images[0], images.long(), images[:0]):
        for predict in (ensemble, ensemble.member_probabilities):
            with pytest.raises(ImageError):
                predict(wrong)


def test_when_the_range_is_checked_is_chosen(load, monkeypatch):
    images, wrong = images_of(TASK, 2) / 255, images_of(TASK, 2).float()

    def accepted(ensemble):
        assert ensemble(wrong).shape == (2, TASK.num_classes)

    def refused(ensemble):
        with pytest.raises(ImageError, match="as uint8, or divide"):
            ensemble(wrong)

    for range_check, first, later in (
        ("auto", refused, accepted),
        ("always", refused, refused),
        ("never", accepted, accepted),
    ):
        ensemble = load(range_check=range_check)
        with monkeypatch.context() as patch:
            patch.setattr(ServedModel, "device", torch.device("cuda", 0))
            patch.setattr(served_model, "check_images", lambda images, *_: images)
            first(ensemble)
            ensemble(images)
            later(ensemble)


def test_it_says_what_it_is_in_one_line(load):
    assert "3 x resnet 8x3" in repr(load())
    assert "(B, 3, 9, 9) -> (B, 5)" in repr(load())
