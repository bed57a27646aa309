// RunScope: the state of the processor and of OpenMP while a session runs.
#ifndef ESPALIER_RUNTIME_RUN_SCOPE_H_
#define ESPALIER_RUNTIME_RUN_SCOPE_H_

namespace espalier {

// As many threads as OpenMP would give the calling thread, if `threads` is 0.
int ResolveThreads(int threads);

// Until it is destroyed, OpenMP gives the calling thread `threads` threads,
// and denormal numbers are read and written as zero: products with them are a
// hundred times slower. With `workers`, on the other threads of the team too.
class RunScope {
 public:
  RunScope(int threads, bool workers);
  ~RunScope();
  RunScope(const RunScope&) = delete;
  RunScope& operator=(const RunScope&) = delete;

 private:
  const int threads_;
  const int previous_threads_;
  const bool workers_;
  const unsigned previous_control_;  // the MXCSR register of the caller
};

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_RUN_SCOPE_H_
