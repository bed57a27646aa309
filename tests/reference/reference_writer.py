"""Writes cases in the format of reference_file.h, computed by PyTorch."""
import numpy
import torch

# Of both signs, near zero and large; none at a kink of the ops that have one.
POINTS = [-100.0, -20.5, -8.25, -3.1, -1.75, -1.01, -0.6, -0.3, -1e-3, -1e-10,
          1e-10, 1e-3, 0.3, 0.75, 1.01, 1.6, 2.9, 5.5, 9.3, 21.0, 88.0]


def f32(values, shape=None):
    """Doubles that are float32 numbers; i32 leaves are made of integers."""
    rounded = torch.from_numpy(numpy.array(values, numpy.float32))
    x = rounded.to(torch.float64)
    return x if shape is None else x.reshape(shape)


def i32(values, shape=None):
    x = torch.tensor(values, dtype=torch.int64)
    return x if shape is None else x.reshape(shape)


def mixed(shape, start=0, low=-2.0, high=2.0):
    """Multiples of 1/256, spread over [low, high) without an order."""
    count = int(numpy.prod(shape))
    at = [((start + 1) * 0.377 + i * 0.618034) % 1 for i in range(count)]
    return f32([round(256 * (low + (high - low) * a)) / 256 for a in at], shape)


def weights(shape, start):
    """Small exact numbers, none of them zero."""
    count = int(numpy.prod(shape))
    return f32([((start + 5 * i) % 13 - 6.5) / 4 for i in range(count)], shape)


def _format(value):
    text = repr(float(value))
    return text[:-2] if text.endswith('.0') else text


class ReferenceFile:
    """One file of cases."""

    def __init__(self):
        self._lines = [
            '# Written by tests/reference/make_reference.py with PyTorch '
            + torch.__version__ + ', double precision.',
            '# The format is in tests/reference/reference_file.h.']
        self._names = set()

    def _tensor(self, dtype, name, x, batched=False):
        dims = [str(d) for d in x.shape]
        if batched:
            dims[0] = 'N=' + dims[0]
        values = [_format(v) if dtype != 'i32' else str(int(v))
                  for v in x.detach().reshape(-1)]
        self._lines.append(' '.join(
            [dtype, name, '[' + ','.join(dims) + ']'] + values))

    def _start(self, name, what):
        assert name not in self._names, name
        self._names.add(name)
        self._lines += ['', 'case ' + name, what]

    def tensors(self, name, function, numbers, tensors):
        """Anything else: numbers and tensors by name ('f32 x': values)."""
        self._start(name, 'function ' + function)
        for key, value in numbers.items():
            self._lines.append('number ' + key + ' ' + _format(value))
        for key, value in tensors.items():
            self._tensor(*key.split(), value)

    def op(self, name, text, inputs, f, batched=()):
        """text: how the graph text computes it of x0, x1, ...; f: how PyTorch
        does. batched: the numbers of the inputs that have the batch in front."""
        self._start(name, 'op ' + text)
        self._differentiate(inputs, f, batched)

    def function(self, name, function, numbers, inputs, f, batched=()):
        self._start(name, 'function ' + function)
        for key, value in numbers.items():
            self._lines.append('number ' + key + ' ' + _format(value))
        self._differentiate(inputs, f, batched)

    def _differentiate(self, inputs, f, batched):
        leaves = []
        for i, x in enumerate(inputs):
            dtype = 'f32' if x.dtype == torch.float64 else 'i32'
            self._tensor(dtype, 'x%d' % i, x, i in batched)
            leaves.append(x.clone().requires_grad_(dtype == 'f32'))
        y = f(*leaves)
        self._tensor('f64', 'y', y)
        wanted = [i for i, x in enumerate(leaves) if x.requires_grad]
        if y.dtype != torch.float64 or not wanted:
            return
        c = weights(y.shape, 3).requires_grad_()
        self._tensor('f32', 'c', c)
        once = self._gradients((y * c).sum(), [leaves[i] for i in wanted])
        twice = torch.zeros((), dtype=torch.float64)
        for i, dx in zip(wanted, once):
            self._tensor('f64', 'dx%d' % i, dx)
            v = weights(dx.shape, i + 1)
            self._tensor('f32', 'v%d' % i, v)
            twice = twice + (dx * v).sum()
        second = self._gradients(twice, [leaves[i] for i in wanted])
        for i, ddx in zip(wanted, second):
            self._tensor('f64', 'ddx%d' % i, ddx)

    @staticmethod
    def _gradients(loss, leaves):
        if not loss.requires_grad:
            return [torch.zeros_like(x) for x in leaves]
        found = torch.autograd.grad(loss, leaves, create_graph=True,
                                    allow_unused=True)
        return [torch.zeros_like(x) if g is None else g
                for x, g in zip(leaves, found)]

    def write(self, path):
        with open(path, 'w') as file:
            file.write('\n'.join(self._lines) + '\n')
