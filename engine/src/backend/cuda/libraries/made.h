#pragma once

#include <memory>
#include <type_traits>

namespace saltus::cuda {

/// Gives back what a library made, whatever it says of that.
template <class Handle, class Status>
struct GiveBack {
  Status (*function)(Handle) = nullptr;
  void operator()(Handle handle) const { static_cast<void>(function(handle)); }
};

/// A handle or descriptor of a library whose functions are known at run time only.
template <class Handle, class Status>
using Made = std::unique_ptr<std::remove_pointer_t<Handle>, GiveBack<Handle, Status>>;

}  // namespace saltus::cuda
