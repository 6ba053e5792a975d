"""Fashion-MNIST (Xiao et al. 2017): grey photographs of clothing, in MNIST's format."""

from __future__ import annotations

from pathlib import Path

from ensemble_switchover.data.sources.idx_set import IdxRemoteFile, IdxSet

_URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"

# URLs and checksums are those of torchvision.datasets.FashionMNIST; those of unpacked files are of
# Debian's dataset-fashion-mnist 0.0~git20200523, whose pixels have the published mean and deviation
FASHION_MNIST = IdxSet(
    train_images=IdxRemoteFile(
        url=f"{_URL}/train-images-idx3-ubyte.gz",
        md5="8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        unpacked_md5="f4a8712d7a061bf5bd6d2ca38dc4d50a",
    ),
    train_labels=IdxRemoteFile(
        url=f"{_URL}/train-labels-idx1-ubyte.gz",
        md5="25c81989df183df01b3e8a0aad5dffbe",
        unpacked_md5="9018921c3c673c538a1fc5bad174d6f9",
    ),
    test_images=IdxRemoteFile(
        url=f"{_URL}/t10k-images-idx3-ubyte.gz",
        md5="bef4ecab320f06d8554ea6380940ec79",
        unpacked_md5="8181f5470baa50b63fa0f6fddb340f0a",
    ),
    test_labels=IdxRemoteFile(
        url=f"{_URL}/t10k-labels-idx1-ubyte.gz",
        md5="bb300cfdad3c16e7a12a480ee83cd310",
        unpacked_md5="15d484375f8d13e6eb1aabb0c3f46965",
    ),
    class_names=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    torchvision_folder="FashionMNIST",
    debian_package="dataset-fashion-mnist",
    debian_folder=Path("/usr/share/datasets/fashion-mnist"),
)
