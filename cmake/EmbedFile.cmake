# cmake -DINPUT=data.gz -DHEADER=training/digits_data.h -DFUNCTION=DigitsCsvGz
#       -DOUTPUT=digits_data.cc -P EmbedFile.cmake
# Writes a source that defines absl::string_view espalier::FUNCTION(), the bytes
# of a file.
cmake_minimum_required(VERSION 3.25)
file(READ "${INPUT}" hex HEX)
string(REPEAT "[0-9a-f]" 24 line)  # 12 bytes
string(REGEX REPLACE "(${line})" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE "${OUTPUT}" "#include \"${HEADER}\"

namespace espalier {
namespace {

constexpr unsigned char kBytes[] = {
${bytes}};

}  // namespace

absl::string_view ${FUNCTION}() {
  return {reinterpret_cast<const char*>(kBytes), sizeof(kBytes)};
}

}  // namespace espalier
")
