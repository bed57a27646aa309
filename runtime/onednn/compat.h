// oneDNN 2.6 and 3.x behind one face: every difference between the two that
// this library meets is here, and no other file asks for the version.
#ifndef ESPALIER_RUNTIME_ONEDNN_COMPAT_H_
#define ESPALIER_RUNTIME_ONEDNN_COMPAT_H_

#include <oneapi/dnnl/dnnl.hpp>

namespace espalier {
namespace onednn {

// relu, leaky relu: x > 0 ? x : slope * x.
inline void AppendRelu(dnnl::post_ops& post_ops, float slope) {
#if DNNL_VERSION_MAJOR >= 3
  post_ops.append_eltwise(dnnl::algorithm::eltwise_relu, slope, 0.0f);
#else
  post_ops.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, slope, 0.0f);
#endif
}

// Throws dnnl::error if oneDNN has no such product. `bias` may be a zero md.
inline dnnl::matmul::primitive_desc MakeMatMul(
    const dnnl::engine& engine, const dnnl::memory::desc& a,
    const dnnl::memory::desc& b, const dnnl::memory::desc& bias,
    const dnnl::memory::desc& y, const dnnl::primitive_attr& attributes) {
#if DNNL_VERSION_MAJOR >= 3
  return dnnl::matmul::primitive_desc(engine, a, b, bias, y, attributes);
#else
  return dnnl::matmul::primitive_desc(dnnl::matmul::desc(a, b, bias, y),
                                      attributes, engine);
#endif
}

}  // namespace onednn
}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ONEDNN_COMPAT_H_
