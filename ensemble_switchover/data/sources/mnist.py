"""MNIST (LeCun et al. 1998): handwritten digits."""

from __future__ import annotations

from ensemble_switchover.data.sources.idx_set import IdxRemoteFile, IdxSet

_URL = "https://ossci-datasets.s3.amazonaws.com/mnist"

# URLs and checksums are those of torchvision.datasets.MNIST; no checksum of the unpacked files is
# published with them, and these are the ones that many projects have, among them secml
MNIST = IdxSet(
    train_images=IdxRemoteFile(
        url=f"{_URL}/train-images-idx3-ubyte.gz",
        md5="f68b3c2dcbeaaa9fbdd348bbdeb94873",
        unpacked_md5="6bbc9ace898e44ae57da46a324031adb",
    ),
    train_labels=IdxRemoteFile(
        url=f"{_URL}/train-labels-idx1-ubyte.gz",
        md5="d53e105ee54ea40749a09fcbcd1e9432",
        unpacked_md5="a25bea736e30d166cdddb491f175f624",
    ),
    test_images=IdxRemoteFile(
        url=f"{_URL}/t10k-images-idx3-ubyte.gz",
        md5="9fb629c4189551a2d022fa330f9573f3",
        unpacked_md5="2646ac647ad5339dbf082846283269ea",
    ),
    test_labels=IdxRemoteFile(
        url=f"{_URL}/t10k-labels-idx1-ubyte.gz",
        md5="ec29112dd5afa0611ce80d1b7f02629c",
        unpacked_md5="27ae3e4e09519cfbb04c329615203637",
    ),
    class_names=tuple(str(digit) for digit in range(10)),
    torchvision_folder="MNIST",
)
