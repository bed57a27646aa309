"""Activations (ops/activations.h, ops/exponential_units.h, ops/gates.h)."""
import math

import torch
import torch.nn.functional as F

from reference_writer import POINTS, f32, mixed

MODERATE = [x for x in POINTS if abs(x) < 2]


def _unary(file, name, text, f, points=POINTS):
    file.op(name, text, [f32(points)], f)


def _gelu_tanh(x):
    return x * torch.sigmoid(
        2 * (2 / math.pi)**0.5 * (x + 0.044715 * x**3))


def add(file):
    _unary(file, 'softsign', 'softsign(x0)', F.softsign)
    _unary(file, 'swish', 'swish(x0; beta=1.0)', F.silu)
    _unary(file, 'swish_beta', 'swish(x0; beta=0.75)',
           lambda x: x * torch.sigmoid(0.75 * x))
    # PyTorch's own forms lose what is left of 1 - 1 far below 0.
    _unary(file, 'gelu', 'gelu(x0)', F.gelu, MODERATE)
    _unary(file, 'gelu_far', 'gelu(x0)',
           lambda x: x * torch.erfc(-x / 2**0.5) / 2)
    _unary(file, 'gelu_tanh', 'gelu_tanh(x0)',
           lambda x: F.gelu(x, approximate='tanh'), MODERATE)
    _unary(file, 'gelu_tanh_far', 'gelu_tanh(x0)', _gelu_tanh)
    _unary(file, 'mish', 'mish(x0)', F.mish)
    # PyTorch's hardsigmoid has no gradient of its gradient.
    _unary(file, 'hard_sigmoid', 'hard_sigmoid(x0; alpha=0.25, beta=0.5)',
           lambda x: torch.clamp(0.25 * x + 0.5, 0, 1))
    _unary(file, 'hard_swish', 'hard_swish(x0)', F.hardswish)
    _unary(file, 'elu', 'elu(x0; alpha=0.75)', lambda x: F.elu(x, 0.75))
    _unary(file, 'selu', 'selu(x0)', F.selu)
    _unary(file, 'celu', 'celu(x0; alpha=1.5)', lambda x: F.celu(x, 1.5))
    # PyTorch's slope is one number or one a channel.
    file.op('prelu', 'prelu(x0, x1)', [f32(POINTS, [7, 3]), mixed([3], 3)],
            lambda x, w: F.prelu(x, w))
