"""Normalization, and what it is made of; integers."""
import torch

from reference_writer import f32, i32


def add(file):
    _integers(file)


def _integers(file):
    file.op('cast_to_f32', 'cast(x0; to="f32")', [i32([-3, 0, 70000])],
            lambda x: x.to(torch.float64))
    file.op('cast_to_i32', 'cast(x0; to="i32")',
            [f32([-2.75, -0.5, 0.0, 0.999, 1e6])],
            lambda x: x.to(torch.int32))
    file.op('add_i32', 'add_i32(x0, x1)',
            [i32([[1, 2**31 - 1], [-3, 4]]), i32([10, 1])],
            lambda a, b: (a.to(torch.int32) + b.to(torch.int32)))
