#include "arena.h"

#include <algorithm>
#include <random>
#include <string_view>

#include <saltus/kernels/activations.h>
#include <saltus/kernels/random.h>

namespace saltus::bench {
namespace {

kernels::ActivationRef activation_named(std::string_view name) {
  kernels::ActivationRef found;
  const auto take_if_named = [&]<class A>() {
    if (A::traits.name != name) return;
    found.id = kernels::kActivationId<A>;
    const auto defaults = kernels::defaults<float>(A::traits);
    std::copy(std::begin(defaults.values), std::end(defaults.values), found.parameters);
  };
  for (int id = 0; id < kernels::AllActivations::size; ++id) kernels::dispatch(id, take_if_named);
  return found;
}

}  // namespace

Arena::~Arena() {
  for (void* block : blocks_) cudaFree(block);
}

void* Arena::allocate(std::size_t bytes) {
  void* data = nullptr;
  SALTUS_CHECK(cudaMalloc(&data, std::max<std::size_t>(bytes, 1)));
  blocks_.push_back(data);
  return data;
}

void Arena::write(void* target, const void* source, std::size_t bytes) {
  SALTUS_CHECK(cudaMemcpyAsync(target, source, bytes, cudaMemcpyHostToDevice, bench_stream()));
  SALTUS_CHECK(cudaStreamSynchronize(bench_stream()));
}

void Arena::fill(void* target, std::size_t bytes, const void* source, std::size_t source_bytes) {
  for (std::size_t done = 0; done < bytes; done += source_bytes)
    write(static_cast<char*>(target) + done, source, std::min(source_bytes, bytes - done));
}

const std::vector<float>& Arena::normal_floats() {
  static const std::vector<float> values = [] {
    std::vector<float> made(std::size_t{1} << 20);
    std::mt19937 engine(1);
    std::normal_distribution<float> normal;
    for (float& value : made) value = normal(engine);
    return made;
  }();
  return values;
}

const std::vector<kernels::Bf16>& Arena::normal_halves() {
  static const std::vector<kernels::Bf16> values = [] {
    std::vector<kernels::Bf16> made;
    for (const float value : normal_floats()) made.push_back(kernels::to_bf16(value));
    return made;
  }();
  return values;
}

kernels::LaunchContext make_stage(Arena& arena, int trials, int rows, const char* activation) {
  constexpr int kSlots = 2;
  const kernels::DropoutRule rule = {kernels::drop_threshold(0.25), 1 / 0.75f, 0, 0};
  kernels::BatchRange batch;
  batch.rows = static_cast<std::uint32_t>(rows);
  kernels::LaunchContext context;
  context.trials.count = trials;
  context.trials.states = arena.copies<kernels::TrialState>({{}}, trials).data;
  context.trials.batch = arena.copies<kernels::BatchRange>({batch}).data;
  const kernels::ActivationRef ref = activation_named(activation);
  context.trials.activations = arena.copies<kernels::ActivationRef>({ref, ref}, trials).data;
  context.trials.dropouts = arena.copies<kernels::DropoutRule>({rule, rule}, trials).data;
  context.trials.activation_slots = kSlots;
  context.trials.dropout_slots = kSlots;
  context.max_rows = rows;
  context.stream = bench_stream();
  return context;
}

cudaStream_t bench_stream() {
  static const cudaStream_t stream = [] {
    cudaStream_t made = nullptr;
    SALTUS_CHECK(cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking));
    return made;
  }();
  return stream;
}

}  // namespace saltus::bench
