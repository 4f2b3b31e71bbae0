#include "execution/fiber.h"

#include <cstdlib>
#include <new>

#include <sys/mman.h>

namespace saltus::emulation {
namespace {

constexpr std::size_t kStacks = 1024;  // threads of a block
constexpr std::size_t kPage = 4096;
constexpr std::size_t kStackBytes = 256 * 1024;  // AddressSanitizer makes frames large
constexpr std::size_t kStride = kPage + kStackBytes;

std::byte* all_stacks() {
  static std::byte* const stacks = [] {
    void* memory = mmap(nullptr, kStacks * kStride, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    return static_cast<std::byte*>(memory);
  }();
  return stacks;
}

Range make_stack(std::size_t number) {
  std::byte* begin = all_stacks() + number * kStride + kPage;
  if (mprotect(begin, kStackBytes, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  return {begin, kStackBytes};
}

/// The stacks belong to the pool.
struct NoAllocator {
  boost::context::stack_context allocate() { std::abort(); }
  void deallocate(boost::context::stack_context&) {}
};

}  // namespace

Range thread_stacks() {
  return {all_stacks(), kStacks * kStride};
}

void Fiber::start(void (*entry)(Fiber& fiber)) {
  if (installed_hooks != nullptr) installed_hooks->stack_abandoned(stack_);
  // Stacks begin at different cache sets, or all threads' innermost frames would share a few.
  const std::size_t color =
      static_cast<std::size_t>(stack_.begin - all_stacks()) / kStride % 32 * 256;
  boost::context::stack_context memory;
  memory.sp = const_cast<std::byte*>(stack_.begin) + stack_.bytes - color;
  memory.size = stack_.bytes - color;
  std::construct_at(&context_.fiber, std::allocator_arg,
                    boost::context::preallocated(memory.sp, memory.size, memory), NoAllocator(),
                    [this, entry](boost::context::fiber&& from) -> boost::context::fiber {
                      saved_by_hooks_ = nullptr;
                      arrive(std::move(from));
                      entry(*this);
                      std::abort();
                    });
}

Fiber& FiberPool::take() {
  if (free_.empty()) {
    if (abandoned_.empty()) {
      all_.push_back(std::make_unique<Fiber>(make_stack(all_.size())));
      abandoned_.push_back(all_.back().get());
    }
    free_.push_back(abandoned_.back());
    abandoned_.pop_back();
    free_.back()->start(entry_);
  }
  Fiber& fiber = *free_.back();
  free_.pop_back();
  return fiber;
}

void FiberPool::abandon() {
  free_.clear();
  abandoned_.clear();
  for (const auto& fiber : all_) abandoned_.push_back(fiber.get());
}

}  // namespace saltus::emulation
