"""The paper's Table A: training hyperparameters by family and data set."""

from __future__ import annotations

from dataclasses import replace

from ensemble_switchover.config.recipe import Recipe


def _row(name: str, epochs: int, drops: tuple[int, int], batch_size: int, decay: float) -> Recipe:
    return Recipe(
        name=name,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=0.1,
        drops=((drops[0], 0.01), (drops[1], 0.001)),
        weight_decay=decay,
    )


WITH_NESTEROV = frozenset({"densenet", "wide_resnet"})
"""Families whose papers train with Nesterov's momentum, of 0.9 and without dampening.

Table A does not say; its caption has the hyperparameters from the respective papers. DenseNet:
Huang et al. 2017, section 4.2, and `nesterov = true` in train.lua of liuzhuang13/DenseNet. Wide
ResNet: Zagoruyko & Komodakis 2016, section 3, and `nesterov=true` in scripts/train_cifar.sh of
szagoruyko/wide-residual-networks. ResNet (He et al. 2016, section 4.2) and VGG (Simonyan &
Zisserman 2015, section 3.1) have a momentum of 0.9, and do not speak of Nesterov.
"""


_PRINTED: dict[tuple[str, str], Recipe] = {
    ("densenet", "svhn"): _row("Table A", 100, (30, 60), 128, 0.001),
    ("densenet", "cifar10"): _row("Table A", 120, (60, 90), 128, 0.001),
    ("densenet", "cifar100"): _row("Table A", 120, (60, 90), 128, 0.001),
    ("densenet", "tiny_imagenet"): _row("Table A", 90, (30, 60), 64, 0.001),
    ("densenet", "imagenet32"): _row("Table A", 90, (30, 60), 64, 0.001),
    ("resnet", "cifar10"): _row("Table A", 250, (100, 200), 128, 0.0001),
    ("resnet", "cifar100"): _row("Table A", 500, (250, 375), 128, 0.0001),
    ("wide_resnet", "cifar10"): _row("Table A", 200, (100, 200), 128, 0.0001),
    ("wide_resnet", "cifar100"): _row("Table A", 200, (100, 200), 128, 0.0001),
}
"""What Table A prints. Wide ResNet's second drop coincides with its last epoch."""

TABLE_A: dict[tuple[str, str], Recipe] = {
    (family, dataset): replace(row, nesterov=family in WITH_NESTEROV)
    for (family, dataset), row in _PRINTED.items()
}
"""The rows of Table A, with the momentum of the family's paper."""

DIGITS_RECIPE = _row("digits", 20, (10, 15), 64, 0.0001)
"""The recipe for the digits, which is not from the paper; drops at half and three quarters."""


def table_a(family: str, dataset: str) -> Recipe:
    """Return the recipe of a family on a data set.

    A pair without a row in Table A gets the family's CIFAR-10 row, and a family without one gets
    ResNet's; the name of the recipe says so.

    >>> table_a("vgg", "cifar10").name
    "Table A, ResNet's row of CIFAR-10"
    """
    if dataset == "digits":
        return DIGITS_RECIPE
    if (family, dataset) in TABLE_A:
        return TABLE_A[family, dataset]
    if (family, "cifar10") in TABLE_A:
        return replace(TABLE_A[family, "cifar10"], name="Table A, the row of CIFAR-10")
    return replace(TABLE_A["resnet", "cifar10"], name="Table A, ResNet's row of CIFAR-10")
