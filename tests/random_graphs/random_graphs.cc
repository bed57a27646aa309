// Long runs: random_graphs [COUNT] [FIRST_SEED]. Failures and a summary go to
// standard output; exit code 1 if there were failures.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>

#include "absl/strings/numbers.h"
#include "tests/random_graphs/campaign.h"

namespace {

char current[64];  // what to say if the program is ended

void OnAbort(int /*signal*/) {
  const ssize_t written = write(STDOUT_FILENO, current, strlen(current));
  _exit(written > 0 ? 70 : 71);
}

}  // namespace

int main(int argc, char** argv) {
  int64_t count = 1000;
  uint64_t first = 0;
  if (argc > 3 || (argc > 1 && !absl::SimpleAtoi(argv[1], &count)) ||
      (argc > 2 && !absl::SimpleAtoi(argv[2], &first)) || count < 1) {
    std::cerr << "usage: random_graphs [COUNT] [FIRST_SEED]\n";
    return 2;
  }
  for (int signal : {SIGABRT, SIGFPE, SIGILL, SIGSEGV}) {
    std::signal(signal, OnAbort);
  }
  espalier::Campaign campaign;
  size_t printed = 0;
  for (int64_t i = 0; i < count; ++i) {
    std::snprintf(current, sizeof(current), "seed %llu ends the program\n",
                  static_cast<unsigned long long>(first) + i);
    RunGraph(first + static_cast<uint64_t>(i), espalier::Checks(), campaign);
    for (; printed < campaign.failures.size(); ++printed) {
      std::cout << campaign.failures[printed] << "\n" << std::flush;
    }
    if ((i + 1) % 500 == 0) {
      std::cerr << i + 1 << " of " << count << ", " << printed << " failures\n";
    }
  }
  std::cout << campaign.Summary();
  return campaign.failures.empty() ? 0 : 1;
}
