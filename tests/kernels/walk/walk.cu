// Three launches a stretch: its inputs, the activation, the checksums of what that gave.
#include <saltus/kernels/device/reduce.h>
#include <saltus/kernels/elementwise/activate.h>

#include "tests/kernels/walk/walk.h"

namespace saltus::test {
namespace {

constexpr int kThreads = 256;
constexpr int kEach = 16;  ///< inputs of a thread

__global__ void list_kernel(Stretch stretch, float* x) {
  const auto first = std::int64_t{blockIdx.x} * kThreads * kEach + threadIdx.x;
  for (int i = 0; i < kEach; ++i)
    if (const std::int64_t place = first + i * kThreads; place < stretch.count)
      x[place] = kernels::float_of(stretch.bits(place));
}

__global__ void checksum_kernel(Stretch stretch, const float* y, const float* slope,
                                Checksums* of_block) {
  const auto first = std::int64_t{blockIdx.x} * kThreads * kEach + threadIdx.x;
  Checksums own;
  for (int i = 0; i < kEach; ++i)
    if (const std::int64_t place = first + i * kThreads; place < stretch.count) {
      own.f += mixed(stretch.bits(place), y[place]);
      own.df += mixed(stretch.bits(place), slope[place]);
    }
  own.f = kernels::reduce_block<kThreads>(own.f);
  own.df = kernels::reduce_block<kThreads>(own.df);
  if (threadIdx.x == 0) of_block[blockIdx.x] = own;
}

std::int64_t blocks_of(std::int64_t count) {
  return kernels::blocks_for(count, kThreads * kEach);
}

}  // namespace

DeviceWalk::DeviceWalk(const kernels::ActivationRef& activation, std::int64_t most)
    : table_(TableSetup{.activations = {activation}}),
      x_(static_cast<std::size_t>(most)),
      y_(x_.size()),
      slope_(x_.size()),
      of_block_(static_cast<std::size_t>(blocks_of(most))) {}

void DeviceWalk::start(const Stretch& stretch) {
  blocks_ = static_cast<int>(blocks_of(stretch.count));
  const kernels::Grid grid = blocks_of(stretch.count);
  kernels::launch<list_kernel>(grid, dim3(kThreads), 0, stream(), stretch, x_.data());
  kernels::Activate activate = {.x = x_.per_trial(), .y = y_.per_trial()};
  activate.slope = slope_.per_trial();
  activate.size = stretch.count;
  kernels::activate(activate, table_.context());
  kernels::launch<checksum_kernel>(grid, dim3(kThreads), 0, stream(), stretch, y_.data(),
                                   slope_.data(), of_block_.data());
}

Checksums DeviceWalk::checksums() const {
  Checksums all;
  const std::vector<Checksums> of_block = of_block_.read();
  for (int block = 0; block < blocks_; ++block) {
    all.f += of_block[static_cast<std::size_t>(block)].f;
    all.df += of_block[static_cast<std::size_t>(block)].df;
  }
  return all;
}

}  // namespace saltus::test
