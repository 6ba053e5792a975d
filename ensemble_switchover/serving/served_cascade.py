"""A trained ensemble as one module that asks its members in turn, until they are sure.

Dimensions: k members, B images, C channels, H and W pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.serving.cascade import Cascade, EarlyAnswers
from ensemble_switchover.serving.cascade_settings import CASCADE, CascadeSettings
from ensemble_switchover.serving.served_model import RangeCheck, ServedModel

if TYPE_CHECKING:
    from torch import Tensor

    from ensemble_switchover.serving.weights import TrainedEnsemble


class ServedCascade(ServedModel):
    """A trained ensemble whose members are asked in turn, each of the images not sure yet.

    Its answers are those of fewer members, so it errs differently from the whole ensemble: as the
    cascade of the run's record says, at that threshold.
    """

    def __init__(
        self,
        trained: TrainedEnsemble,
        settings: CascadeSettings,
        range_check: RangeCheck = "auto",
    ) -> None:
        """Serve an ensemble where it is; `load_ensemble` does so with that of a file.

        Args:
            trained: The ensemble, whose weights are shared.
            settings: The order of its members, and when an image stops.
            range_check: When the pixels of floating-point images are checked.
        """
        super().__init__(trained, CASCADE, range_check)
        self.predictor = Cascade(trained.ensemble, settings)
        self.requires_grad_(requires_grad=False).eval()

    @property
    def settings(self) -> CascadeSettings:
        """Rule, threshold and order of the members."""
        cascade = self.predictor
        return CascadeSettings(rule=cascade.rule, threshold=cascade.threshold, order=cascade.order)

    def forward(self, images: Tensor) -> Tensor:
        """Map images (B, C, H, W) to the cascade's probabilities (B, classes).

        Raises:
            ImageError: if the images are not what the ensemble was trained on.
        """
        return self.answer(images).probabilities

    def answer(self, images: Tensor) -> EarlyAnswers:
        """Map images (B, C, H, W) to probabilities, and to the members that each image asked.

        Raises:
            ImageError: if the images are not what the ensemble was trained on.
        """
        return self.predictor.answer(self._normalised(images))

    def member_probabilities(self, images: Tensor) -> Tensor:
        """Ask all members, as they were trained: map images to (k, B, classes).

        Raises:
            ImageError: if the images are not what the ensemble was trained on.
        """
        return self.predictor.ensemble.member_probabilities(self._normalised(images))

    def extra_repr(self) -> str:
        """Say which networks these are, and when they stop, in one line."""
        settings = self.settings
        return f"{super().extra_repr()}, {settings.rule} of {settings.threshold:g} or more stops"
