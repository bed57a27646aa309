"""Normalization, reductions to extremes, and integers."""
import torch
import torch.nn.functional as F

from reference_writer import f32, i32, mixed


def add(file):
    _extremes(file)
    _integers(file)
    _norms(file)


def _extremes(file):
    # PyTorch's amax shares the gradient among equals, too.
    x = mixed([2, 3, 4], 5)
    for kind, f in (('reduce_max', torch.amax), ('reduce_min', torch.amin)):
        for name, axes in (('all', [0, 1, 2]), ('middle', [1]),
                           ('outer', [0, 2])):
            file.op('%s_%s' % (kind, name),
                    '%s(x0; axes=%s, keep_axes=false)' % (kind, axes),
                    [x], lambda x: f(x, dim=axes))
        file.op(kind + '_equal', kind + '(x0; axes=[1], keep_axes=true)',
                [f32([[1, 2, 2], [0, 0, 0], [-1, -1, 3]])],
                lambda x: f(x, dim=[1], keepdim=True))


def _integers(file):
    file.op('cast_to_f32', 'cast(x0; to="f32")', [i32([-3, 0, 70000])],
            lambda x: x.to(torch.float64))
    file.op('cast_to_i32', 'cast(x0; to="i32")',
            [f32([-2.75, -0.5, 0.0, 0.999, 1e6])],
            lambda x: x.to(torch.int32))
    file.op('add_i32', 'add_i32(x0, x1)',
            [i32([[1, 2**31 - 1], [-3, 4]]), i32([10, 1])],
            lambda a, b: (a.to(torch.int32) + b.to(torch.int32)))


def _normalized(x):
    """layer_norm of scale 1. PyTorch 1.13's own has a wrong third derivative:
    it takes the statistics for constants there."""
    mean = x.mean(-1, keepdim=True)
    variance = ((x - mean) ** 2).mean(-1, keepdim=True)
    return (x - mean) / torch.sqrt(variance + 2.0**-10)


def _norms(file):
    x, scale, shift = mixed([3, 4]), mixed([4], 1), mixed([4], 2)
    file.op('layer_norm', 'layer_norm(x0, x1, x2; epsilon=0.0009765625)',
            [x, scale, shift],
            lambda x, s, b: F.layer_norm(x, [4], s, b, 2.0**-10), batched=[0])
    file.op('layer_norm_grad', 'layer_norm_grad(x0, x1; epsilon=0.0009765625)',
            [x, mixed([3, 4], 6)],
            lambda x, g: torch.autograd.grad(_normalized(x), x, g,
                                             create_graph=True)[0],
            batched=[0, 1])
    mean, variance = mixed([4], 3), mixed([4], 4, low=0.25)
    file.op('batch_mean', 'batch_mean(x0, x1)', [x, mean],
            lambda x, m: x.mean(0), batched=[0])
    file.op('batch_variance', 'batch_variance(x0, x1, x2)',
            [x, mean, variance],
            lambda x, m, v: ((x - m) ** 2).mean(0), batched=[0])
    file.op('batch_normalize',
            'batch_normalize(x0, x1, x2, x3, x4; epsilon=0.0009765625)',
            [x, mean, variance, scale, shift],
            lambda x, m, v, s, b:
            (x - m) / torch.sqrt(v + 2.0**-10) * s + b, batched=[0])
    file.op('batch_normalize_rank_3',
            'batch_normalize(x0, x1, x2, x3, x4; epsilon=0.0009765625)',
            [mixed([2, 4, 3], 5), mean, variance, scale, shift],
            lambda x, m, v, s, b: (x - m[:, None]) / torch.sqrt(
                v[:, None] + 2.0**-10) * s[:, None] + b[:, None], batched=[0])
