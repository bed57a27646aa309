"""Parameters on the way under each optimiser, against tests/reference/
optimizers_test.cc: `w` and `b` start at `w0` and `b0`, step t takes the
gradients `gw[t]` and `gb[t]` at the rate `rate[t]`, and leaves `w[t]`, `b[t]`."""
import torch

from reference_writer import f32, mixed

STEPS = 10


def _gradients(shape, start):
    """Of several sizes; one step of zeros."""
    g = mixed((STEPS,) + shape, start)
    sizes = f32([1, 0.25, 8, 1, 0, 2, 0.5, 16, 1, 0.0625])
    return g * sizes.reshape((STEPS,) + (1,) * len(shape))


def _clip_none(gradients):
    return gradients


def _trajectory(make, rates, clip):
    """make(parameters, rate): the optimiser."""
    w = mixed((2, 3), 7).requires_grad_()
    b = mixed((4,), 11).requires_grad_()
    gw = _gradients((2, 3), 1)
    gb = _gradients((4,), 2)
    tensors = {'f32 w0': w.detach().clone(), 'f32 b0': b.detach().clone(),
               'f32 rate': rates, 'f32 gw': gw, 'f32 gb': gb}
    optimizer = make([w, b], float(rates[0]))
    all_w, all_b = [], []
    for step in range(STEPS):
        w.grad, b.grad = clip([gw[step].clone(), gb[step].clone()])
        for group in optimizer.param_groups:
            group['lr'] = float(rates[step])
        optimizer.step()
        all_w.append(w.detach().clone())
        all_b.append(b.detach().clone())
    tensors['f64 w'] = torch.stack(all_w)
    tensors['f64 b'] = torch.stack(all_b)
    return tensors


def _add(file, name, function, numbers, make, clip=_clip_none):
    """Options are float32 numbers here as there."""
    numbers = {key: float(f32([value])) for key, value in numbers.items()}
    rate = 2 ** -6
    falling = f32([rate * (1 - 0.0625 * step) for step in range(STEPS)])
    file.tensors(name, function, numbers, _trajectory(
        lambda parameters, lr: make(parameters, lr, **numbers), falling, clip))


def _sgd(parameters, lr):
    return torch.optim.SGD(parameters, lr)


def _momentum(parameters, lr, momentum):
    return torch.optim.SGD(parameters, lr, momentum=momentum)


def _nesterov(parameters, lr, momentum):
    return torch.optim.SGD(parameters, lr, momentum=momentum, nesterov=True)


def _rmsprop(parameters, lr, decay, epsilon):
    return torch.optim.RMSprop(parameters, lr, alpha=decay, eps=epsilon)


def _adagrad(parameters, lr, initial, epsilon):
    return torch.optim.Adagrad(parameters, lr, eps=epsilon,
                               initial_accumulator_value=initial)


def _adam(parameters, lr, beta1, beta2, epsilon):
    return torch.optim.Adam(parameters, lr, (beta1, beta2), epsilon)


def _adamw(parameters, lr, beta1, beta2, epsilon, weight_decay):
    return torch.optim.AdamW(parameters, lr, (beta1, beta2), epsilon,
                             weight_decay)


def _clip_by_value(limit):
    return lambda gradients: [g.clamp(-limit, limit) for g in gradients]


def _clip_by_global_norm(limit):
    """Not torch.nn.utils.clip_grad_norm_, which adds 1e-6 to the norm."""
    def clip(gradients):
        norm = torch.cat([g.reshape(-1) for g in gradients]).norm()
        return [g * (limit / norm) if norm > limit else g for g in gradients]
    return clip


def add(file):
    _add(file, 'sgd', 'sgd', {}, _sgd)
    _add(file, 'sgd_clip_by_value', 'sgd_clip_by_value', {'limit': 0.75},
         lambda parameters, lr, limit: _sgd(parameters, lr),
         _clip_by_value(0.75))
    _add(file, 'sgd_clip_by_global_norm', 'sgd_clip_by_global_norm',
         {'limit': 1.5}, lambda parameters, lr, limit: _sgd(parameters, lr),
         _clip_by_global_norm(1.5))
    for momentum in (0.5, 0.9):
        name = '_%d' % (10 * momentum)
        numbers = {'momentum': momentum}
        _add(file, 'momentum' + name, 'momentum', numbers, _momentum)
        _add(file, 'nesterov' + name, 'nesterov', numbers, _nesterov)
    _add(file, 'rmsprop', 'rmsprop', {'decay': 0.99, 'epsilon': 1e-8}, _rmsprop)
    _add(file, 'rmsprop_short', 'rmsprop', {'decay': 0.6, 'epsilon': 0.01},
         _rmsprop)
    _add(file, 'adagrad', 'adagrad', {'initial': 0, 'epsilon': 1e-10}, _adagrad)
    _add(file, 'adagrad_initial', 'adagrad', {'initial': 0.3, 'epsilon': 0.01},
         _adagrad)
    default = {'beta1': 0.9, 'beta2': 0.999, 'epsilon': 1e-8}
    other = {'beta1': 0.6, 'beta2': 0.8, 'epsilon': 0.01}
    _add(file, 'adam', 'adam', default, _adam)
    _add(file, 'adam_short', 'adam', other, _adam)
    _add(file, 'adamw', 'adamw', {**default, 'weight_decay': 0.01}, _adamw)
    _add(file, 'adamw_strong', 'adamw', {**other, 'weight_decay': 2}, _adamw)
