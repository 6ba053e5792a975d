"""A cascade compared with a plain loop over images, one member after another, in numpy."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from ensemble_switchover.measurement.cascade.exit_rules import EXIT_RULES
from ensemble_switchover.serving.cascade import Cascade, least_float32, score_of
from ensemble_switchover.serving.cascade_settings import CascadeSettings
from tests.trained import TASK, images_of, make_trained

NUM_IMAGES = 23
ORDER = (2, 0, 3, 1)


def settings(threshold, rule="confidence", order=ORDER):
    return CascadeSettings(rule=rule, threshold=threshold, order=order)


def plain_score(mean, rule):
    ordered = sorted(mean.tolist())
    second = ordered[-2] if len(ordered) > 1 else 0.0
    return ordered[-1] if rule == "confidence" else float(np.float32(ordered[-1] - second))


def plain_cascade(probabilities, order, rule, threshold):
    """Ask members of one image at a time, of probabilities (k, B, classes)."""
    answers, asked = [], []
    for image in range(probabilities.shape[1]):
        total = np.zeros(probabilities.shape[2], dtype=np.float32)
        for position, member in enumerate(order, start=1):
            total = total + probabilities[member, image]
            mean = total / np.float32(position)
            if plain_score(mean, rule) >= threshold:
                break
        answers.append(mean)
        asked.append(position)
    return np.stack(answers), np.array(asked)


class Given(nn.Module):
    """A member that answers what it is given: images are indices into its logits."""

    def __init__(self, logits):
        super().__init__()
        self.register_buffer("logits", torch.as_tensor(logits))
        self.seen = []

    def forward(self, images):
        self.seen.append(images.tolist())
        return self.logits[images]


class Members(nn.Module):
    def __init__(self, members):
        super().__init__()
        self.members = nn.ModuleList(members)


def drawn_logits(k=4, num_classes=5, spread=2.0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(3)
    return spread * torch.randn(k, NUM_IMAGES, num_classes, generator=generator).to(dtype)


@pytest.fixture(scope="module")
def trained():
    return make_trained(k=4)


@pytest.fixture(scope="module")
def images(trained):
    return trained.normalisation.apply(images_of(TASK, NUM_IMAGES), torch.float32)


def thresholds_between(probabilities, rule):
    """Return thresholds at which images stop at every member, each midway between two scores."""
    scores = np.sort(
        [
            plain_score(sum(row[list(ORDER[:m])]) / np.float32(m), rule)
            for row in probabilities.transpose(1, 0, 2)
            for m in (1, 2, 3)
        ]
    )
    chosen = [(len(scores) * tenth) // 10 for tenth in range(1, 10)]
    return [0.0, *((scores[number - 1] + scores[number]) / 2 for number in chosen), 1.5]


@pytest.mark.parametrize("rule", EXIT_RULES)
def test_every_image_is_answered_as_by_a_loop_over_members(rule):
    logits = drawn_logits()
    probabilities = logits.softmax(-1).numpy()
    ensemble = Members(Given(member) for member in logits)
    seen = set()
    for threshold in thresholds_between(probabilities, rule):
        answer = Cascade(ensemble, settings(threshold, rule)).answer(torch.arange(NUM_IMAGES))
        expected, asked = plain_cascade(probabilities, ORDER, rule, threshold)
        assert np.array_equal(answer.probabilities.numpy(), expected)  # to the last bit
        assert np.array_equal(answer.members_asked.numpy(), asked)
        seen |= {int(number) for number in asked}
    assert seen == {1, 2, 3, 4}


@pytest.mark.parametrize("rule", EXIT_RULES)
def test_networks_are_asked_as_numbers_are(rule, trained, images):
    with torch.inference_mode():
        probabilities = trained.ensemble.member_probabilities(images).numpy()
        for threshold in thresholds_between(probabilities, rule):
            cascade = Cascade(trained.ensemble, settings(threshold, rule))
            expected, asked = plain_cascade(probabilities, ORDER, rule, threshold)
            for batches in ([images], images.split(1), images.split(6)):
                answers = [cascade.answer(batch) for batch in batches]
                found = torch.cat([answer.probabilities for answer in answers]).numpy()
                members = torch.cat([answer.members_asked for answer in answers]).numpy()
                assert abs(found - expected).max() < 1e-6
                assert np.array_equal(members, asked)
            assert torch.equal(cascade(images), cascade.answer(images).probabilities)


def test_members_see_the_images_that_go_on_and_no_other():
    logits = drawn_logits()
    probabilities = logits.softmax(-1).numpy()
    ensemble = Members(Given(member) for member in logits)
    threshold = thresholds_between(probabilities, "confidence")[5]
    _, asked = plain_cascade(probabilities, ORDER, "confidence", threshold)
    Cascade(ensemble, settings(threshold)).answer(torch.arange(NUM_IMAGES))
    for position, member in enumerate(ORDER):
        assert ensemble.members[member].seen == [np.flatnonzero(asked > position).tolist()]


def test_where_all_stop_no_further_member_is_called():
    ensemble = Members(Given(member) for member in drawn_logits())
    answer = Cascade(ensemble, settings(0.0)).answer(torch.arange(NUM_IMAGES))
    assert answer.members_asked.tolist() == [1] * NUM_IMAGES
    assert [len(member.seen) for member in ensemble.members] == [0, 0, 1, 0]


def test_where_none_stops_it_is_the_ensemble(trained, images):
    with torch.inference_mode():
        answer = Cascade(trained.ensemble, settings(1.5)).answer(images)
        torch.testing.assert_close(answer.probabilities, trained.ensemble(images))
    assert answer.members_asked.tolist() == [4] * NUM_IMAGES


@pytest.mark.parametrize("number", [0, 1])
def test_no_image_and_one_image_are_batches_too(number):
    ensemble = Members(Given(member) for member in drawn_logits())
    for threshold in (0.0, 0.6, 1.5):
        answer = Cascade(ensemble, settings(threshold)).answer(torch.arange(number))
        assert answer.probabilities.shape == (number, 5)
        assert answer.members_asked.shape == (number,)


def test_an_image_without_a_number_goes_on_and_changes_no_other():
    logits = drawn_logits()
    ensemble = Members(Given(member) for member in logits)
    before = Cascade(ensemble, settings(0.6)).answer(torch.arange(NUM_IMAGES))
    logits[ORDER[0], 0] = math.nan
    after = Cascade(ensemble, settings(0.6)).answer(torch.arange(NUM_IMAGES))
    assert after.members_asked[0] == 4
    assert after.probabilities[0].isnan().all()
    assert torch.equal(after.probabilities[1:], before.probabilities[1:])
    assert torch.equal(after.members_asked[1:], before.members_asked[1:])


@pytest.mark.parametrize("rule", EXIT_RULES)
def test_a_threshold_is_compared_without_rounding(rule):
    sure = Members([Given([[200.0, 0.0]]), Given([[0.0, 200.0]])])  # 1.0 exactly, in float32
    for threshold, asked in ((1.0, 1), (1.0 + 1e-12, 2), (1e300, 2)):
        cascade = Cascade(sure, settings(threshold, rule, order=(0, 1)))
        assert cascade.answer(torch.arange(1)).members_asked.item() == asked


def test_the_least_float32_is_never_below():
    generator = np.random.default_rng(0)
    for threshold in generator.random(100):
        least = least_float32(threshold)
        below = np.nextafter(np.float32(least), np.float32(-1))
        assert np.float32(least) == least >= threshold > below
    assert least_float32(1e300) == math.inf


def test_scores_of_ties_and_of_a_single_class():
    mean = torch.tensor([[0.4, 0.4, 0.2], [0.2, 0.5, 0.3]])
    torch.testing.assert_close(score_of(mean, "margin"), torch.tensor([0.0, 0.2]))
    torch.testing.assert_close(score_of(mean, "confidence"), torch.tensor([0.4, 0.5]))
    for rule in EXIT_RULES:
        assert score_of(torch.ones(2, 1), rule).tolist() == [1.0, 1.0]


def test_members_in_double_precision_are_summed_in_it():
    logits = drawn_logits(dtype=torch.float64)
    ensemble = Members(Given(member) for member in logits)
    answer = Cascade(ensemble, settings(1.5)).answer(torch.arange(NUM_IMAGES))
    assert answer.probabilities.dtype == torch.float64
    expected = logits.softmax(-1).mean(dim=0)
    torch.testing.assert_close(answer.probabilities, expected, atol=1e-12, rtol=0)


def test_images_take_gradients_through_the_members_asked(trained, images):
    pixels = images.clone().requires_grad_()
    ensemble = copy.deepcopy(trained.ensemble).requires_grad_(requires_grad=False)
    first = Cascade(ensemble, settings(0.0))(pixels)
    middle = first.amax(dim=1).median().item()
    answer = Cascade(ensemble, settings(middle)).answer(pixels)
    assert len(set(answer.members_asked.tolist())) > 1
    answer.probabilities[:, 0].sum().backward()
    assert (pixels.grad.abs().amax(dim=(1, 2, 3)) > 0).all()
