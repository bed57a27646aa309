"""Ops that move elements."""
from reference_writer import mixed


def add(file):
    file.op('reshape', 'reshape(x0; shape=[3, 1, 4])', [mixed([2, 6])],
            lambda x: x.reshape(3, 1, 4))
    file.op('reshape_batch', 'reshape(x0; shape=[-1, 6])', [mixed([2, 3, 2])],
            lambda x: x.reshape(2, 6), batched=[0])
    file.op('broadcast', 'broadcast(x0; shape=[2, 2, 3, 4])',
            [mixed([2, 1, 4])], lambda x: x.broadcast_to(2, 2, 3, 4))
    file.op('broadcast_scalar', 'broadcast(x0; shape=[3])', [mixed([])],
            lambda x: x.broadcast_to(3))
