// Losses: functions over ops that give a scalar. Every one is a mean over all
// elements or rows, so it does not depend on the batch size.
//
// What a sample is told in `target` has the shape of what the network says,
// where nothing else is said. A gradient flows to both. Which losses are
// finite for finite numbers of any size is listed in docs/special_values.md.
#ifndef ESPALIER_OPS_LOSSES_H_
#define ESPALIER_OPS_LOSSES_H_

#include <cstdint>

#include "absl/types/span.h"
#include "graph/builder.h"

namespace espalier {

// mean (y - target)^2
Value MeanSquaredError(Value y, Value target);

// mean |y - target|; the gradient where they are equal is 0.
Value MeanAbsoluteError(Value y, Value target);

// The mean of d^2 / 2 where |d| <= delta, delta (|d| - delta / 2) elsewhere,
// with d = y - target (P. Huber, Robust Estimation of a Location Parameter,
// 1964). delta > 0.
Value MeanHuber(Value y, Value target, float delta = 1);

// Mean over rows of -sum over j of t[j] log softmax(logits)[j], by a stable
// log-sum-exp. logits is [N, C]; `target` is either the i32 class indices [N],
// t being 1 for that class and 0 for all others, or t itself, f32 [N, C], whose
// rows are meant to sum to 1. With smoothing s in [0, 1), t becomes
// (1 - s) t + s / C (C. Szegedy et al., Rethinking the Inception Architecture
// for Computer Vision, CVPR 2016, section 7). Not negative, and finite for all
// finite logits, but infinite where indices without smoothing choose a class
// whose log softmax is no float32. No gradient flows to indices.
Value MeanSoftmaxCrossEntropy(Value logits, Value target, float smoothing = 0);

// The mean of -z log sigmoid(x) - (1 - z) log(1 - sigmoid(x)), for the logits x
// and targets z in [0, 1]. Finite for all finite logits.
Value MeanBinaryCrossEntropy(Value logits, Value target);

// The mean of max(0, 1 - target y), targets being -1 and 1; the gradient at the
// corner is 0.
Value MeanHinge(Value y, Value target);

// KL(p || q), the mean over rows of sum over j of p[j] (log p[j] - log q[j]).
// The first argument is log q, finite, as LogSoftmax gives it; the second is p
// itself, whose rows are meant to sum to 1. Both [N, C]. p log p is 0 where p
// is, and so is its derivative there; a negative p gives NaN.
Value MeanKullbackLeibler(Value log_q, Value p);

// f32 [N, classes], of i32 [N]: 1 at each row's index and 0 elsewhere; for
// losses that take shares or -1 and 1. As of softmax cross-entropy, a run with
// an index that is not in [0, classes) fails, and the interpreter gives NaN for
// its row. classes is from 1 to 2^24.
Value OneHot(Value indices, int64_t classes);

// scale * sum |w| and scale * sum w^2 over all elements of all parameters; a
// scalar to be added to a loss. REQUIRES: at least one parameter.
Value L1Penalty(absl::Span<const Value> parameters, float scale);
Value L2Penalty(absl::Span<const Value> parameters, float scale);

}  // namespace espalier

#endif  // ESPALIER_OPS_LOSSES_H_
