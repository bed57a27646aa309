#include "graph/attributes.h"

#include "gtest/gtest.h"

namespace espalier {
namespace {

TEST(AttributeReaderTest, GivesTypedValues) {
  const Attributes attributes = {{"slope", 0.5f},
                                 {"axes", std::vector<int64_t>{1}}};
  AttributeReader reader(attributes);
  EXPECT_EQ(reader.Float("slope"), 0.5f);
  EXPECT_EQ(reader.IntList("axes"), std::vector<int64_t>{1});
  EXPECT_TRUE(reader.Finish().ok());
}

TEST(AttributeReaderTest, MissingIsAnError) {
  const Attributes none;
  AttributeReader reader(none);
  reader.Float("slope");
  EXPECT_EQ(reader.Finish().message(), "attribute 'slope' is missing");
}

TEST(AttributeReaderTest, WrongTypeIsAnError) {
  const Attributes attributes = {{"slope", int64_t{1}}};
  AttributeReader reader(attributes);
  reader.Float("slope");
  EXPECT_EQ(reader.Finish().message(),
            "attribute 'slope' is of type int64: expected float");
}

TEST(AttributeReaderTest, LeftOverAndRepeatedAreErrors) {
  const Attributes twice = {{"a", true}, {"a", true}};
  AttributeReader reader(twice);
  reader.Bool("a");
  EXPECT_EQ(reader.Finish().message(), "attribute 'a' is unknown or repeated");
}

TEST(AttributeReaderTest, ShapesAreValidated) {
  const Attributes attributes = {{"shape", std::vector<int64_t>{2, -1}}};
  AttributeReader reader(attributes);
  reader.ShapeValue("shape");
  EXPECT_FALSE(reader.Finish().ok());
}

}  // namespace
}  // namespace espalier
