"""Ops that move elements."""
import torch
import torch.nn.functional as F

from reference_writer import i32, mixed


def add(file):
    _order(file)
    _parts(file)
    _indices(file)


def _parts(file):
    x = mixed([3, 5, 4])
    file.op('slice', 'slice(x0; axes=[1, 2], starts=[1, 0], ends=[5, 4], '
            'steps=[2, 3])', [x], lambda x: x[:, 1:5:2, 0:4:3])
    file.op('pad', 'pad(x0; before=[0, 2], after=[1, 0], interior=[0, 0])',
            [mixed([2, 3])], lambda x: F.pad(x, [2, 0, 0, 1]))
    file.op('pad_between',
            'pad(x0; before=[1, 0], after=[0, 1], interior=[0, 1])',
            [mixed([2, 3])], _pad_between)
    file.op('concat', 'concat(x0, x1; count=2, axis=1)',
            [mixed([2, 3]), mixed([2, 2], 1)],
            lambda a, b: torch.cat([a, b], 1), batched=[0, 1])
    file.op('concat_three', 'concat(x0, x1, x2; count=3, axis=0)',
            [mixed([2, 3]), mixed([1, 3], 1), mixed([2, 3], 2)],
            lambda *x: torch.cat(x, 0))


def _pad_between(x):
    y = torch.zeros(3, 6, dtype=x.dtype)
    y[1:, 0:5:2] = x
    return y


def _indices(file):
    at = i32([2, 0, 2, 1])
    file.op('gather', 'gather(x0, x1; axis=0)', [mixed([3, 2]), at],
            lambda x, at: F.embedding(at, x), batched=[1])
    file.op('gather_columns', 'gather(x0, x1; axis=1)', [mixed([2, 3, 2]), at],
            lambda x, at: torch.index_select(x, 1, at), batched=[0])
    file.op('scatter_add', 'scatter_add(x0, x1; rows=4, axis=0)',
            [mixed([4, 2]), at],
            lambda v, at: torch.zeros(4, 2, dtype=v.dtype).index_add(0, at, v))
    file.op('scatter_add_columns', 'scatter_add(x0, x1; rows=3, axis=1)',
            [mixed([2, 4]), at],
            lambda v, at: torch.zeros(2, 3, dtype=v.dtype).index_add(1, at, v))


def _order(file):
    file.op('transpose', 'transpose(x0; permutation=[1, 0])', [mixed([2, 3])],
            lambda x: x.t())
    file.op('transpose_rank_4', 'transpose(x0; permutation=[0, 3, 1, 2])',
            [mixed([2, 3, 1, 4])], lambda x: x.permute(0, 3, 1, 2),
            batched=[0])
    file.op('reshape', 'reshape(x0; shape=[3, 1, 4])', [mixed([2, 6])],
            lambda x: x.reshape(3, 1, 4))
    file.op('reshape_batch', 'reshape(x0; shape=[-1, 6])', [mixed([2, 3, 2])],
            lambda x: x.reshape(2, 6), batched=[0])
    file.op('broadcast', 'broadcast(x0; shape=[2, 2, 3, 4])',
            [mixed([2, 1, 4])], lambda x: x.broadcast_to(2, 2, 3, 4))
    file.op('broadcast_scalar', 'broadcast(x0; shape=[3])', [mixed([])],
            lambda x: x.broadcast_to(3))
