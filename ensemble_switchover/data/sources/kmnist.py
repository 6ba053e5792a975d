"""Kuzushiji-MNIST (Clanuwat et al. 2018): ten characters of cursive Japanese, in MNIST's format."""

from __future__ import annotations

from ensemble_switchover.data.sources.idx_set import IdxRemoteFile, IdxSet

_URL = "http://codh.rois.ac.jp/kmnist/dataset/kmnist"

# URLs, checksums and names are those of torchvision.datasets.KMNIST; no checksums of the unpacked
# files are published, so these are read as they are published alone: packed
KMNIST = IdxSet(
    train_images=IdxRemoteFile(
        url=f"{_URL}/train-images-idx3-ubyte.gz", md5="bdb82020997e1d708af4cf47b453dcf7"
    ),
    train_labels=IdxRemoteFile(
        url=f"{_URL}/train-labels-idx1-ubyte.gz", md5="e144d726b3acfaa3e44228e80efcd344"
    ),
    test_images=IdxRemoteFile(
        url=f"{_URL}/t10k-images-idx3-ubyte.gz", md5="5c965bf0a639b31b8f53240b1b52f4d7"
    ),
    test_labels=IdxRemoteFile(
        url=f"{_URL}/t10k-labels-idx1-ubyte.gz", md5="7320c461ea6c1c855c0b718fb2a4b134"
    ),
    class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    torchvision_folder="KMNIST",
)
