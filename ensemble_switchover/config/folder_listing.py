"""What lies in a folder of the user's, without what desktops, servers and tools leave there."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

CLUTTER_FOLDERS = {
    "@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@tmp",  # Synology, QNAP
    "__macosx", "network trash folder", "temporary items",  # macOS
    "$recycle.bin", "recycler", "system volume information",  # Windows
    "@thumb", "@sharebin", "lost+found", "__pycache__", "__pypackages__", "node_modules",
    "_gsdata_",
}  # fmt: skip
CLUTTER_FILES = {
    "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "picasa.ini", "icon\r",
    "zbthumbnail.info", "pspbrwse.jbf",
}  # fmt: skip
_BESIDE_A_FILE = re.compile(
    r".+(:zone\.identifier|:encryptable|@synoeastream|@synoresource)|.+~|#.+#", re.DOTALL
)
"""Files that are streams of others, of Windows and Synology, or backups of editors."""
_FOUND_BY_CHKDSK = re.compile(r"found\.\d{3}")


@dataclass(frozen=True, slots=True)
class Listing:
    """The names in a folder, sorted, by what they are; links are followed."""

    folders: list[str]
    files: list[str]
    """Everything that is no folder."""
    broken: list[str]
    """Links that lead nowhere, or in a circle."""


def is_clutter(name: str) -> bool:
    """Return whether a file or folder is none of the user's images, by its name in any case.

    Names that begin with a dot are clutter: `.DS_Store`, `._1.jpg`, `.ipynb_checkpoints`, `.git`.

    >>> is_clutter("@eaDir"), is_clutter("Thumbs.db"), is_clutter("._1.jpg"), is_clutter("cat")
    (True, True, True, False)
    """
    lower = name.lower()
    if name.startswith(".") or lower in CLUTTER_FOLDERS or lower in CLUTTER_FILES:
        return True
    return lower.startswith("found.") and _FOUND_BY_CHKDSK.fullmatch(lower) is not None


def list_folder(folder: Path) -> Listing:
    """List a folder without clutter.

    Raises:
        OSError: if the folder, or what a link in it leads to, cannot be read.
    """
    listing = Listing([], [], [])
    with os.scandir(folder) as entries:
        mine = (entry for entry in entries if not is_clutter(entry.name))
        for entry in sorted(mine, key=lambda entry: entry.name):
            names = _kind(entry, listing)
            is_of_file = names is listing.files and _BESIDE_A_FILE.fullmatch(entry.name.lower())
            if not is_of_file:
                names.append(entry.name)
    return listing


def _kind(entry: os.DirEntry[str], listing: Listing) -> list[str]:
    if not entry.is_symlink():
        return listing.folders if entry.is_dir() else listing.files
    path = Path(entry.path)
    if path.is_dir():
        return listing.folders
    return listing.files if path.exists() else listing.broken
