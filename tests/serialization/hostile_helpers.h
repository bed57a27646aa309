// Files whose checksum is right, for the tests of what else can be wrong.
#ifndef ESPALIER_TESTS_SERIALIZATION_HOSTILE_HELPERS_H_
#define ESPALIER_TESTS_SERIALIZATION_HOSTILE_HELPERS_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "espalier/model.pb.h"
#include "serialization/bytes.h"
#include "serialization/crc32c.h"
#include "serialization/model_codec.h"
#include "tests/serialization/sample_model.h"

namespace espalier {

// Puts the checksum that fits behind `bytes`.
inline std::string Seal(std::string bytes) {
  const uint32_t checksum = Crc32c(bytes);
  bytes += "\xFD\x7F";
  AppendLittle(&bytes, checksum);
  return bytes;
}

inline v1::Model SampleMessage() {
  v1::Model message;
  EXPECT_TRUE(message.ParseFromString(EncodeModel(SampleModel()).value()));
  message.clear_checksum();
  return message;
}

// Every refusal is quick, quiet and says `what`.
inline void ExpectRefused(const std::string& bytes, absl::StatusCode code,
                          const std::string& what) {
  ::testing::internal::CaptureStderr();
  const absl::Status status = DecodeModel(bytes, SampleOps()).status();
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(status.code(), code) << what << ": " << status;
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr(what));
}

}  // namespace espalier

#endif  // ESPALIER_TESTS_SERIALIZATION_HOSTILE_HELPERS_H_
