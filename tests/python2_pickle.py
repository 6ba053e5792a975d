"""Pickles as Krizhevsky's Python 2 wrote them."""

import io
import pickle
import struct
from typing import ClassVar

import numpy as np


class Python2Pickler(pickle._Pickler):
    """Pickles as Krizhevsky's Python 2 did: byte strings, integer flags, numpy's old module."""

    dispatch: ClassVar = dict(pickle._Pickler.dispatch)

    def save_string(self, value):
        data = value.encode() if isinstance(value, str) else value
        self.write(b"T" + struct.pack("<i", len(data)) + data)
        self.memoize(value)

    def save_tuple(self, value):
        super().save_tuple(("u1", 0, 1) if value == ("u1", False, True) else value)

    def save_global(self, value, name=None):
        if value is np.zeros(1).__reduce__()[0]:
            self.write(b"cnumpy.core.multiarray\n_reconstruct\n")
            self.memoize(value)
        else:
            super().save_global(value, name)

    dispatch[bytes] = dispatch[str] = save_string
    dispatch[tuple] = save_tuple
    dispatch[type(np.zeros(1).__reduce__()[0])] = save_global


def dump(value):
    buffer = io.BytesIO()
    Python2Pickler(buffer, protocol=2).dump(value)
    return buffer.getvalue()
