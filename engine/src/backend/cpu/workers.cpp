#include "backend/cpu/workers.h"

#include <exception>

#include <omp.h>

namespace saltus::cpu {

Workers::Workers(int threads) : count_(threads > 0 ? threads : omp_get_num_procs()) {}

void Workers::run(int tasks, const std::function<void(int number, int worker)>& task) const {
  std::exception_ptr failure;
#pragma omp parallel num_threads(count_)
  {
    omp_set_num_threads(
        1);  // of regions that a task opens: this thread's own setting, it ends with the region
#pragma omp for schedule(dynamic, 1)
    for (int number = 0; number < tasks; ++number) {
      try {
        task(number, omp_get_thread_num());
      } catch (...) {
#pragma omp critical
        if (!failure) failure = std::current_exception();
      }
    }
  }
  if (failure) std::rethrow_exception(failure);
}

SingleThreaded::SingleThreaded() : before_(omp_get_max_threads()) {
  omp_set_num_threads(1);
}
SingleThreaded::~SingleThreaded() {
  omp_set_num_threads(before_);
}

}  // namespace saltus::cpu
