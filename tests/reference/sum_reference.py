"""Ops that sum: products, reductions, softmax and cross-entropy."""
import torch
import torch.nn.functional as F

from reference_writer import f32, i32, mixed

# Rows that are plain, far apart, and all large.
LOGITS = f32([[0.5, -1.25, 2.0, 0.0], [-30.0, 12.5, 11.75, 40.0],
              [1e4, 1e4, 9999.0, -1e4]])


def add(file):
    file.op('dense', 'dense(x0, x1, x2)',
            [mixed([3, 4]), mixed([4, 2], 1), mixed([2], 2)],
            lambda x, w, b: F.linear(x, w.t(), b), batched=[0])
    for ta in (False, True):
        for tb in (False, True):
            a = mixed([4, 2] if ta else [2, 4], 3)
            b = mixed([3, 4] if tb else [4, 3], 4)
            flags = '; transpose_a=%s, transpose_b=%s)' % (
                str(ta).lower(), str(tb).lower())
            file.op('matmul_' + 'nt'[ta] + 'nt'[tb], 'matmul(x0, x1' + flags,
                    [a, b], lambda a, b: torch.matmul(a.t() if ta else a,
                                                      b.t() if tb else b))
    _reductions(file)
    _softmax(file)


def _reductions(file):
    x = mixed([2, 3, 4], 5)
    for kind, f in (('sum', torch.sum), ('mean', torch.mean)):
        for name, axes in (('all', [0, 1, 2]), ('middle', [1]),
                           ('outer', [2, 0])):
            for keep in (False, True):
                file.op('%s_%s%s' % (kind, name, '_keep' if keep else ''),
                        '%s(x0; axes=%s, keep_axes=%s)' % (
                            kind, axes, str(keep).lower()),
                        [x], lambda x: f(x, dim=axes, keepdim=keep))


def _softmax(file):
    labels = i32([2, 0, 1])
    file.op('softmax', 'softmax(x0)', [LOGITS],
            lambda x: torch.softmax(x, -1))
    file.op('softmax_rank_3', 'softmax(x0)', [mixed([2, 2, 3], high=5)],
            lambda x: torch.softmax(x, -1))
    file.op('log_softmax', 'log_softmax(x0)', [LOGITS],
            lambda x: torch.log_softmax(x, -1))
    file.op('softmax_cross_entropy', 'softmax_cross_entropy(x0, x1)',
            [LOGITS, labels],
            lambda x, t: F.cross_entropy(x, t, reduction='none'))
    file.op('softmax_cross_entropy_grad',
            'softmax_cross_entropy_grad(x0, x1, x2)',
            [LOGITS, labels, f32([1.5, -0.75, 2.0])],
            lambda x, t, dy: dy[:, None] * (
                torch.softmax(x, -1) - F.one_hot(t, 4)))
