// What a matrix product applies to its result.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_MATMUL_ACTIVATION_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_MATMUL_ACTIVATION_H_

namespace espalier {

// kLeakyRelu comes with the slope for negative values.
enum class MatMulActivation { kNone, kRelu, kLeakyRelu };

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_MATMUL_ACTIVATION_H_
