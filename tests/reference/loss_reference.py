"""Losses: functions of ops/losses.h."""
import torch.nn.functional as F

from reference_writer import f32, i32, mixed
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
    file.function('mean_absolute_error', 'mean_absolute_error', {},
                  [y, target], F.l1_loss, batched=[0, 1])
    for delta in (0.5, 1, 4):
        file.function('huber_%d' % (10 * delta), 'huber', {'delta': delta},
                      [y, target],
                      lambda a, b: F.huber_loss(a, b, delta=delta),
                      batched=[0, 1])
    # Rows that sum to 1, with a share of 0 and one of 1.
    shares = f32([[0.5, 0.25, 0.125, 0.125], [0, 0.25, 0.75, 0],
                  [0, 0, 0, 1]])
    labels = i32([2, 0, 1])
    for smoothing in (0.125, 0.5):
        name = '_smoothing_%d' % (1000 * smoothing)
        numbers = {'smoothing': smoothing}

        def entropy(x, t):
            return F.cross_entropy(x, t, label_smoothing=smoothing)
        file.function('cross_entropy' + name, 'mean_softmax_cross_entropy',
                      numbers, [LOGITS, labels], entropy)
        file.function('cross_entropy_of_shares' + name,
                      'mean_softmax_cross_entropy', numbers, [y, shares],
                      entropy)
    file.function('cross_entropy_of_shares', 'mean_softmax_cross_entropy', {},
                  [y, shares], F.cross_entropy)
    file.function('binary_cross_entropy', 'binary_cross_entropy', {},
                  [f32([[-30, -3, -0.25, 0], [0, 0.5, 4, 25],
                        [1, -1, 80, -80]]),
                   f32([[0, 1, 0.25, 1], [0, 0, 0.75, 1], [0.5, 1, 1, 0]])],
                  F.binary_cross_entropy_with_logits, batched=[0, 1])
    signs = f32([[1, -1, 1, -1], [-1, -1, 1, 1], [1, 1, -1, -1]])
    file.function('hinge', 'hinge', {}, [y, signs],
                  lambda a, t: (1 - t * a).clamp(min=0).mean())
    file.function('kullback_leibler', 'kullback_leibler', {},
                  [F.log_softmax(mixed([2, 3], 9), 1).float().double(),
                   f32([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]])],
                  lambda q, p: F.kl_div(q, p, reduction='batchmean'))
