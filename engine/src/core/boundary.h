// The library's boundary: exceptions of other libraries do not leave it. Every public function that
// does more than a few small allocations is a function try block:
//
//     Result work(...) try {
//       ...
//     } catch (...) {
//       throw_as_promised();
//     }
//
// Those below it are not, so that what a caller's own code throws is unwrapped once only.
#pragma once

#include <exception>
#include <utility>

#include <saltus/error.h>

namespace saltus {

/// What the caller's own code, such as a callback, threw: on its way out through ours.
struct CallersException {
  std::exception_ptr exception;
};

/// Throws, for the exception that is being handled, what saltus/error.h promises: an Error as it
/// is, the caller's own as it was, DeviceError where memory is lacking, else Error.
[[noreturn]] void throw_as_promised();

/// Calls code of the caller's.
template <class Call>
decltype(auto) call_callers(Call&& call) {
  try {
    return std::forward<Call>(call)();
  } catch (const Error&) {
    throw;
  } catch (const CallersException&) {
    throw;
  } catch (...) {
    throw CallersException{std::current_exception()};
  }
}

}  // namespace saltus
