// The threads' stacks, and switching between them.
#pragma once

#include <boost/context/fiber.hpp>
#include <memory>
#include <vector>

#include <emulation/hooks.h>

namespace saltus::emulation {

/// A stack that code can run on; or the host's own.
class Fiber {
 public:
  Fiber() = default;
  explicit Fiber(Range stack) : stack_(stack) {}

  /// Ready to run entry(fiber), which never returns. What ran here before is forgotten.
  void start(void (*entry)(Fiber& fiber));

  /// Runs `to`, until something switches back.
  void switch_to(Fiber& to);

  [[nodiscard]] Range stack() const { return stack_; }
  void set_stack(Range stack) { stack_ = stack; }

 private:
  // A fiber's destructor would unwind its stack. Instrumented kernels cannot be unwound from where
  // they stop, and have nothing to destroy: so it is never called.
  union Context {
    Context() : fiber() {}
    ~Context() {}
    boost::context::fiber fiber;
  };

  void arrive(boost::context::fiber&& left_behind);

  Context context_;
  Range stack_;
  void* saved_by_hooks_ = nullptr;
};

/// As many fibers as a block has threads, if it needs them; each above a page that traps.
class FiberPool {
 public:
  explicit FiberPool(void (*entry)(Fiber& fiber)) : entry_(entry) {}

  Fiber& take();
  void give_back(Fiber& fiber) { free_.push_back(&fiber); }

  /// All fibers are free, wherever they stopped.
  void abandon();

 private:
  void (*entry_)(Fiber&);
  std::vector<std::unique_ptr<Fiber>> all_;
  std::vector<Fiber*> free_;       ///< parked at the end of entry's loop
  std::vector<Fiber*> abandoned_;  ///< to be started anew
};

inline Fiber* left_fiber = nullptr;  ///< whom the last switch left

inline void Fiber::arrive(boost::context::fiber&& left_behind) {
  left_fiber->context_.fiber = std::move(left_behind);
  if (installed_hooks != nullptr) installed_hooks->stack_switch_ends(saved_by_hooks_);
}

inline void Fiber::switch_to(Fiber& to) {
  if (installed_hooks != nullptr)
    installed_hooks->stack_switch_begins({&saved_by_hooks_, to.stack_});
  left_fiber = this;
  arrive(std::move(to.context_.fiber).resume());
}

}  // namespace saltus::emulation
