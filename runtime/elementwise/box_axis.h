// BoxAxis: one axis of a box of elements that is copied into an array.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_BOX_AXIS_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_BOX_AXIS_H_

#include <cstdint>

namespace espalier {

// Where the box's elements go along an axis of the result, and how far apart
// they are in the array that they come from.
struct BoxAxis {
  int64_t size = 0;         // kBatch for all samples, on axis 0 only
  int64_t from_stride = 0;  // 0 where one element is repeated
  int64_t to_begin = 0;
  int64_t to_step = 1;

  friend bool operator==(const BoxAxis& a, const BoxAxis& b) {
    return a.size == b.size && a.from_stride == b.from_stride &&
           a.to_begin == b.to_begin && a.to_step == b.to_step;
  }
};

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_BOX_AXIS_H_
