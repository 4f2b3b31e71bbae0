// AddressSanitizer knows what a thread of a kernel may touch: device memory while a kernel runs,
// the shared variables of its block, not what a cp.async is writing. Everything else is poisoned.
#include <cstdio>
#include <map>

#include <emulation/hooks.h>
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

namespace saltus::emulation {
namespace {

void poison(Range range) {
  __asan_poison_memory_region(range.begin, range.bytes);
}

void unpoison(Range range) {
  __asan_unpoison_memory_region(range.begin, range.bytes);
}

Range host_stack() {
  static const Range stack = [] {
    pthread_attr_t attributes;
    void* begin = nullptr;
    std::size_t bytes = 0;
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &begin, &bytes);
    pthread_attr_destroy(&attributes);
    return Range{static_cast<const std::byte*>(begin), bytes};
  }();
  return stack;
}

/// Where the program was when a sanitizer ended it.
void say_where() {
  if (position.thread != nullptr) std::fprintf(stderr, "emulated CUDA: %s\n", running_in().c_str());
}

class AddressHooks : public Hooks {
 public:
  bool handles_signals() const override { return true; }

  void device_memory_appears(Range memory, Range with_red_zone) override {
    memory_[memory.begin] = memory;
    poison(with_red_zone);
  }
  void device_memory_disappears(Range memory, Range with_red_zone) override {
    memory_.erase(memory.begin);
    unpoison(with_red_zone);
  }
  void device_memory_opens() override {
    for (const auto& [begin, memory] : memory_) unpoison(memory);
  }
  void device_memory_closes() override {
    for (const auto& [begin, memory] : memory_) poison(memory);
  }

  void launch_begins(const LaunchFacts&) override {
    __sanitizer_set_death_callback(&say_where);
    device_memory_opens();
  }
  void launch_ends() override { device_memory_closes(); }

  void block_begins(Range arena) override { poison(arena); }
  void shared_memory_appears(Range variable) override { unpoison(variable); }

  void async_copy_issued(Range shared, Range, Site) override { poison(shared); }
  void async_copy_completes(Range shared, Range, Site) override { unpoison(shared); }

  void stack_switch_begins(StackSwitch leaving) override {
    const Range to = leaving.to.begin == nullptr ? host_stack() : leaving.to;
    __sanitizer_start_switch_fiber(leaving.save, to.begin, to.bytes);
  }
  void stack_switch_ends(void* saved) override {
    __sanitizer_finish_switch_fiber(saved, nullptr, nullptr);
  }
  void stack_abandoned(Range stack) override { unpoison(stack); }

 private:
  std::map<const std::byte*, Range> memory_;
};

AddressHooks hooks;

}  // namespace

Hooks* const installed_hooks = &hooks;

}  // namespace saltus::emulation
