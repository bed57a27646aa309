"""Writes the .npy files beside it: make.py NETWORK.npz

NETWORK.npz holds W0, b0, W1, b1, W2, b2 as float32, each W as [units, inputs].
The files hold weights as [inputs, units], as op 'dense' takes them.
"""

import array
import ast
import pathlib
import struct
import sys
import zipfile

MAGIC = b"\x93NUMPY\x01\x00"


def read(raw):
    """Shape and values of a format 1.0 file of '<f4' in C order."""
    assert raw.startswith(MAGIC)
    (length,) = struct.unpack_from("<H", raw, len(MAGIC))
    start = len(MAGIC) + 2
    header = ast.literal_eval(raw[start : start + length].decode("ascii"))
    assert header["descr"] == "<f4" and not header["fortran_order"]
    return header["shape"], array.array("f", raw[start + length :])


def write(path, shape, values):
    header = repr({"descr": "<f4", "fortran_order": False, "shape": shape})
    header += " " * (-(len(MAGIC) + 2 + len(header) + 1) % 64) + "\n"
    path.write_bytes(
        MAGIC + struct.pack("<H", len(header)) + header.encode("ascii") + values.tobytes()
    )


def main():
    folder = pathlib.Path(__file__).parent
    with zipfile.ZipFile(sys.argv[1]) as network:
        for member in sorted(network.namelist()):
            shape, values = read(network.read(member))
            if len(shape) == 2:
                rows, columns = shape
                values = array.array(
                    "f", (values[r * columns + c] for c in range(columns) for r in range(rows))
                )
                shape = (columns, rows)
            write(folder / member.lower(), shape, values)


main()
