#include "core/boundary.h"

#include <new>
#include <stdexcept>

#include <fmt/format.h>

#include <saltus/error.h>

namespace saltus {
namespace {

constexpr char kNoMemory[] =
    "there is too little memory for this; take smaller batches, a smaller network or fewer samples";

}  // namespace

void throw_as_promised() {
  try {
    throw;
  } catch (const Error&) {
    throw;
  } catch (const CallersException& own) {
    std::rethrow_exception(own.exception);
  } catch (const std::bad_alloc&) {
    throw OutOfMemory(kNoMemory);
  } catch (const std::length_error&) {  // of a container that no memory could hold
    throw OutOfMemory(kNoMemory);
  } catch (const std::exception& error) {
    throw Error(
        fmt::format("something went wrong that should not, please report it: {}", error.what()));
  } catch (...) {
    throw Error("something went wrong that should not, please report it");
  }
}

}  // namespace saltus
