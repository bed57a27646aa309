#!/usr/bin/python3
# Made tests/data/tensors/: what NumPy itself writes, and safetensors files laid
# out by hand from the format's description. Run by hand in that folder.
import json
import struct

import numpy as np

arrays = {
    "layer/weight": np.arange(6, dtype=np.float32).reshape(2, 3) / 4,
    "layer/bias": np.array([-1.5, np.inf, np.nan], dtype=np.float64),
    "fortran": np.asfortranarray(np.arange(6, dtype=">f4").reshape(2, 3)),
    "steps": np.array(7, dtype=np.int64),
    "empty": np.zeros((0, 4), dtype=np.float32),
    "flags": np.array([True, False]),
    "\u00e9t\u00e9": np.arange(3, dtype=np.uint8),
}
np.savez("stored.npz", **arrays)
np.savez_compressed("packed.npz", **arrays)

tensors = [
    ("a", "F32", [2, 2], struct.pack("<4f", 1, -2, 0.5, 1e30)),
    ("b", "F16", [3], np.array([1.5, -0.25, np.inf], "<f2").tobytes()),
    ("c", "BF16", [2], struct.pack("<2H", 0x3F80, 0xC020)),
    ("d", "F64", [1], struct.pack("<d", 0.1)),
    ("i", "I64", [], struct.pack("<q", -5)),
    ("u", "U8", [2], bytes([0, 255])),
    ("t", "BOOL", [2], bytes([1, 0])),
    ("z", "F32", [0, 3], b""),
]
header, data = {"__metadata__": {"format": "pt", "note": "\u00e9\n"}}, b""
for name, dtype, shape, raw in tensors:
    header[name] = {"dtype": dtype, "shape": shape,
                    "data_offsets": [len(data), len(data) + len(raw)]}
    data += raw
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open("mixed.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
