// Shapes that need the memory of a large GPU, on the emulation: of each launch the last block is
// run, which has the largest indices, on arrays of which only what it touches exists.
#pragma once

#include <cuda_runtime_api.h>

#if defined(SALTUS_EMULATED_CUDA)

#include <cstddef>
#include <new>
#include <string_view>

#include <emulation/control.h>
#include <sys/mman.h>

#include <saltus/kernels/trial.h>

#include "tests/kernels/device/device_array.h"
#include "tests/kernels/device/mode.h"

namespace saltus::test {

/// Trials of such a test; values are looked at in the last.
inline constexpr int kVastTrials = 2;

/// An array a trial, of zeros. Neither before it nor behind it is there any memory.
template <class T>
class Vast {
 public:
  explicit Vast(std::int64_t count, int trials = kVastTrials)
      : stride_((count + 63) / 64 * 64), last_(stride_ * (trials - 1)) {
    const std::size_t bytes = static_cast<std::size_t>(stride_ * trials) * sizeof(T);
    const std::size_t pages = (bytes + kPage - 1) / kPage * kPage;
    mapped_ = pages + 2 * kGuard;
    void* const all =
        mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED) throw std::bad_alloc();
    memory_ = static_cast<std::byte*>(all);
    if (mprotect(memory_ + kGuard, pages, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
    data_ = reinterpret_cast<T*>(memory_ + kGuard + (pages - bytes));
    emulation::lend_memory(data_, bytes);
  }
  ~Vast() {
    emulation::give_back_memory(data_);
    munmap(memory_, mapped_);
  }
  Vast(const Vast&) = delete;
  Vast& operator=(const Vast&) = delete;

  /// An element of the last trial.
  T& operator[](std::int64_t i) const { return data_[last_ + i]; }
  [[nodiscard]] T* data() const { return data_; }
  [[nodiscard]] kernels::PerTrial<T> per_trial() const { return {data_, stride_}; }
  [[nodiscard]] kernels::PerTrial<const T> input() const { return per_trial(); }

 private:
  static constexpr std::size_t kPage = 4096;
  static constexpr std::size_t kGuard = std::size_t{1} << 30;

  std::int64_t stride_;
  std::int64_t last_;
  std::byte* memory_ = nullptr;
  std::size_t mapped_ = 0;
  T* data_ = nullptr;
};

/// Does the launches of `work`, of each the last block.
template <class Work>
void run_last_blocks(Work work) {
  struct Restore {
    ~Restore() { emulation::set_blocks(emulation::Blocks::all); }
  } restore;
  emulation::set_blocks(emulation::Blocks::last);
  work();
  SALTUS_CHECK(cudaStreamSynchronize(stream()));
}

/// Whether the mode can run them: the checker has a note for each element that exists.
inline bool has_room_for_vast() {
  return std::string_view(kMode) != "checked";
}

}  // namespace saltus::test

#endif
