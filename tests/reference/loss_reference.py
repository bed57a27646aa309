"""Losses: functions of ops/losses.h."""
import torch.nn.functional as F

from reference_writer import i32, mixed
from sum_reference import LOGITS


def add(file):
    y, target = mixed([3, 4], 1), mixed([3, 4], 2)
    file.function('mean_squared_error', 'mean_squared_error', {}, [y, target],
                  F.mse_loss, batched=[0, 1])
    file.function('mean_softmax_cross_entropy', 'mean_softmax_cross_entropy',
                  {}, [LOGITS, i32([2, 0, 1])], F.cross_entropy)
    file.function('l1_penalty', 'l1_penalty', {'scale': 0.125},
                  [y, mixed([3], 3)],
                  lambda a, b: 0.125 * (a.abs().sum() + b.abs().sum()))
    file.function('l2_penalty', 'l2_penalty', {'scale': 0.125},
                  [y, mixed([3], 3)],
                  lambda a, b: 0.125 * ((a * a).sum() + (b * b).sum()))
