// fuzz_make_corpus tests/fuzz/corpus: writes the seeds of the fuzz targets,
// each as <corpus>/seed_<name>. Other files there are findings, and stay.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/fuzz/seeds.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  for (const espalier::FuzzSeed& seed : espalier::MakeFuzzSeeds()) {
    const std::filesystem::path folder =
        std::filesystem::path(argv[1]) / seed.corpus;
    std::filesystem::create_directories(folder);
    std::ofstream file(folder / ("seed_" + seed.name), std::ios::binary);
    file << seed.bytes;
    if (!file.flush()) {
      std::fprintf(stderr, "%s: cannot be written\n", folder.c_str());
      return 1;
    }
  }
  return 0;
}
