// What a library call says when it refuses.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <saltus/error.h>

namespace saltus {

/// The message of the Refusal that `action` throws; fails the test where it throws anything else,
/// or nothing.
template <class Refusal = InvalidArgument, class Action>
std::string error_of(Action&& action) {
  try {
    std::forward<Action>(action)();
  } catch (const Refusal& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another error was expected than: " << error.what();
    return "";
  }
  ADD_FAILURE() << "an error was expected";
  return "";
}

}  // namespace saltus
