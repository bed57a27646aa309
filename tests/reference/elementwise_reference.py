"""Elementwise ops: arithmetic, elementary functions, activations."""
import torch
import torch.nn.functional as F

from reference_writer import POINTS, f32, mixed


def _unary(file, name, text, f, points=None):
    file.op(name, text, [f32(points or POINTS)], f)


def add(file):
    _arithmetic(file)
    _functions(file)
    _choices(file)
    _activations(file)


def _arithmetic(file):
    binary = [('add', torch.add), ('sub', torch.sub), ('mul', torch.mul),
              ('div', torch.div), ('max', torch.maximum),
              ('min', torch.minimum)]
    for kind, f in binary:
        a, b = mixed([2, 3], 1), mixed([2, 3], 2, low=-3, high=-0.25)
        file.op(kind, kind + '(x0, x1)', [a, b], f)
        file.op(kind + '_row', kind + '(x0, x1)', [a, b[0]], f, batched=[0])
        file.op(kind + '_outer', kind + '(x0, x1)',
                [mixed([2, 1, 2], 3), mixed([3, 1], 4, low=0.5)], f)
        file.op(kind + '_scalar', kind + '(x0, x1)',
                [f32(1.7), mixed([3], 5, low=0.5)], f)
    file.op('div_large', 'div(x0, x1)',
            [f32([1e30, -3e-20, 7.0, 0.0]), f32([-2e-5, 1e10, 1e-18, 3.0])],
            torch.div)
    for kind, f in binary[4:]:
        file.op(kind + '_equal', kind + '(x0, x1)',
                [f32([1.5, -2.0, 0.0]), f32([1.5, -2.0, 0.25])], f)
    file.op('scale', 'scale(x0; factor=-0.375, over_batch=false)',
            [f32(POINTS)], lambda x: -0.375 * x)
    file.op('scale_over_batch', 'scale(x0; factor=2.5, over_batch=true)',
            [mixed([3, 2])], lambda x: 2.5 * x / 3, batched=[0])


def _functions(file):
    positive = [1e-10, 1e-3, 0.3, 0.75, 1.0, 1.01, 2.9, 21.0, 1e4, 1e20]
    moderate = [x for x in POINTS if abs(x) < 60]
    _unary(file, 'abs', 'abs(x0)', torch.abs, POINTS + [0.0])
    _unary(file, 'exp', 'exp(x0)', torch.exp, moderate)
    _unary(file, 'identity', 'identity(x0)', torch.nn.Identity())
    _unary(file, 'expm1', 'expm1(x0)', torch.expm1, moderate)
    _unary(file, 'log1p', 'log1p(x0)', torch.log1p,
           [-0.9375, -0.3, -1e-3, -1e-10] + positive)
    # PyTorch's ndtr is (1 + erf) / 2, which is 0 from -8.3 on.
    _unary(file, 'normal_cdf', 'normal_cdf(x0)',
           lambda x: torch.erfc(-x / 2**0.5) / 2)
    _unary(file, 'log', 'log(x0)', torch.log, positive)
    _unary(file, 'neg', 'neg(x0)', torch.neg)
    _unary(file, 'sign', 'sign(x0)', torch.sign, POINTS + [0.0])
    _unary(file, 'sqrt', 'sqrt(x0)', torch.sqrt, positive)
    _unary(file, 'square', 'square(x0)', torch.square)


def _choices(file):
    def select(a, b, c, d):
        return torch.where(a > b, c, d)

    a, b = mixed([2, 3], 1), mixed([3], 2)
    c, d = mixed([2, 1], 3), mixed([2, 3], 4)
    file.op('select_greater', 'select_greater(x0, x1, x2, x3)', [a, b, c, d],
            select)
    file.op('select_greater_equal', 'select_greater(x0, x1, x2, x3)',
            [f32([1.0, 0.0, -1e-10]), f32([1.0, -1e-10, 0.0]),
             f32([3.0, 4.0, 5.0]), f32([6.0, 7.0, 8.0])], select)
    _unary(file, 'clip', 'clip(x0; lower=-0.75, upper=2.5)',
           lambda x: torch.clamp(x, -0.75, 2.5), POINTS + [-0.75, 2.5])
    _unary(file, 'clip_above', 'clip(x0; lower=-inf, upper=2.5)',
           lambda x: torch.clamp(x, max=2.5))
    _unary(file, 'stop_gradient', 'stop_gradient(x0)', torch.Tensor.detach)


def _activations(file):
    # From the threshold on, 20 if not given, PyTorch takes x itself.
    _unary(file, 'softplus', 'softplus(x0)',
           lambda x: F.softplus(x, threshold=100))
    # 0 where both sides have a written convention, and the same.
    _unary(file, 'relu', 'relu(x0)', F.relu, POINTS + [0.0])
    _unary(file, 'leaky_relu', 'leaky_relu(x0; slope=0.125)',
           lambda x: F.leaky_relu(x, 0.125), POINTS + [0.0])
    _unary(file, 'sigmoid', 'sigmoid(x0)', torch.sigmoid)
    _unary(file, 'tanh', 'tanh(x0)', torch.tanh)
