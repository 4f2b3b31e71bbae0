#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

std::vector<kernels::BatchRange> batch_of(const TableSetup& setup) {
  kernels::BatchRange batch = setup.batch;
  batch.rows = static_cast<std::uint32_t>(setup.rows);
  return {batch};
}

}  // namespace

cudaStream_t stream() {
  static const cudaStream_t stream = [] {
    cudaStream_t made = nullptr;
    SALTUS_CHECK(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking));
    return made;
  }();
  return stream;
}

TrialTable::TrialTable(const TableSetup& setup)
    : max_rows_(setup.max_rows == 0 ? setup.rows : setup.max_rows),
      states_(setup.states),
      batch_(batch_of(setup)),
      activations_(setup.activations),
      dropouts_(setup.dropouts) {}

kernels::LaunchContext TrialTable::context() const {
  kernels::LaunchContext context;
  context.trials.count = trials();
  context.trials.states = states_.data();
  context.trials.batch = batch_.data();
  context.trials.activations = activations_.data();
  context.trials.dropouts = dropouts_.data();
  context.trials.activation_slots = static_cast<int>(activations_.size()) / trials();
  context.trials.dropout_slots = static_cast<int>(dropouts_.size()) / trials();
  context.max_rows = max_rows_;
  context.stream = stream();
  return context;
}

}  // namespace saltus::test
