// What Philox4x32-10 is made of (graph/philox.h). Apart, so that vectorised
// forms of it need nothing of the standard library.
#ifndef ESPALIER_GRAPH_PHILOX_CONSTANTS_H_
#define ESPALIER_GRAPH_PHILOX_CONSTANTS_H_

#include <cstdint>

namespace espalier {

inline constexpr int kPhiloxRounds = 10;
// Of counter words 0 and 2.
inline constexpr uint32_t kPhiloxMultiplier0 = 0xD2511F53;
inline constexpr uint32_t kPhiloxMultiplier1 = 0xCD9E8D57;
// What is added to the key words after each round.
inline constexpr uint32_t kPhiloxWeyl0 = 0x9E3779B9;
inline constexpr uint32_t kPhiloxWeyl1 = 0xBB67AE85;

}  // namespace espalier

#endif  // ESPALIER_GRAPH_PHILOX_CONSTANTS_H_
