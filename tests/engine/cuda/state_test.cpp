// The state of a training in files and across devices; backend_state_test.cpp has that it goes on
// with the same bits.
#include <gtest/gtest.h>

#include "core/file.h"
#include "tests/engine/cuda/crew.h"
#include "train/model_file.h"

namespace saltus::tests {
namespace {

CompileOptions options(int threads) {
  CompileOptions options = compile_options();
  options.threads = threads;
  return options;
}

TEST(CudaState, OfTrialsSideBySideGoesOnFromFilesWithTheSameBits) {
  const Images images;
  const ScratchFolder folder(testing::TempDir());
  const auto file = [&](int trial) { return folder.path() / std::to_string(trial); };
  train::Trainer whole(backend::cuda(), six_entries(), compile_options());
  whole.fit(images.samples(), fit_options(images, 2), {});
  train::Trainer first(backend::cuda(), six_entries(), compile_options());
  first.fit(images.samples(), fit_options(images, 1), {});
  for (int trial = 0; trial < 6; ++trial) train::write_model(file(trial), first.file(trial));
  train::Trainer second(backend::cuda(), six_entries(), compile_options());
  for (int trial = 0; trial < 6; ++trial) second.restore(trial, file(trial));
  FitOptions rest = fit_options(images, 2);
  rest.initial_epoch = 1;
  second.fit(images.samples(), rest, {});
  for (int trial = 0; trial < 6; ++trial) {
    EXPECT_EQ(Outcome(whole, trial, whole.history(trial)),
              Outcome(second, trial, second.history(trial)));
  }
}

// What a step then makes of it has bounds in backend_reference_test.cpp.
TEST(CudaState, OfACpuArrivesWithAllItsBits) {
  const Images images;
  train::Trainer cpu(backend::cpu(), six_entries(), options(1));
  cpu.fit(images.samples(), fit_options(images, 1), {});
  train::Trainer cuda(backend::cuda(), six_entries(), options(0));
  train::Trainer back(backend::cpu(), six_entries(), options(2));
  for (int trial = 0; trial < 6; ++trial) {
    SCOPED_TRACE(trial);
    const train::TrainingState state = cpu.state(trial);
    cuda.restore(trial, state);
    const train::TrainingState there = cuda.state(trial);
    EXPECT_EQ(state.weights, there.weights);
    EXPECT_EQ(state.moments, there.moments);
    EXPECT_EQ(state.steps, there.steps);
    back.restore(trial, there);
  }
  FitOptions rest = fit_options(images, 2);
  rest.initial_epoch = 1;
  cpu.fit(images.samples(), rest, {});
  back.fit(images.samples(), rest, {});
  cuda.fit(images.samples(), rest, {});
  for (int trial = 0; trial < 6; ++trial) {
    EXPECT_EQ(all_weights(cpu, trial), all_weights(back, trial));
    EXPECT_EQ(cpu.state(trial).steps, cuda.state(trial).steps);
  }
}

}  // namespace
}  // namespace saltus::tests
