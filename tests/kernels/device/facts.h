// Files of facts that scripts wrote down (*.csv in this folder).
#pragma once

#include <cstdlib>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace saltus::test {

/// Fails the running test where there is no such file. A program that was built elsewhere is told
/// where they lie.
inline std::ifstream open_facts(const std::string& name) {
  const char* told = std::getenv("SALTUS_DEVICE_FACTS");
  const std::string path = std::string(told != nullptr ? told : SALTUS_DEVICE_FACTS) + "/" + name;
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  return file;
}

}  // namespace saltus::test
