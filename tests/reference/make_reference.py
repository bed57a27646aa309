#!/usr/bin/python3
"""Writes the files of this folder that tests compare with, by PyTorch.

    tests/reference/make_reference.py

needs Debian's python3-torch (1.13). Run it by hand after adding an op; the
files are committed, and no test runs this.
"""
import os

import activation_reference
import elementwise_reference
import loss_reference
import normalization_reference
import optimizer_reference
import reference_writer
import shape_reference
import sum_reference

FILES = {
    'activations': activation_reference.add,
    'elementwise': elementwise_reference.add,
    'losses': loss_reference.add,
    'normalization': normalization_reference.add,
    'optimizers': optimizer_reference.add,
    'shapes': shape_reference.add,
    'sums': sum_reference.add,
}


def main():
    folder = os.path.dirname(os.path.abspath(__file__))
    for name, add in FILES.items():
        file = reference_writer.ReferenceFile()
        add(file)
        file.write(os.path.join(folder, name + '.txt'))


if __name__ == '__main__':
    main()
