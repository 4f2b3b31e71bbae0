// The program of the CUDA backend's tests, on the emulation: cuda_backend_test_MODE.
#include <cstdio>
#include <cstdlib>

#include <emulation/control.h>
#include <gtest/gtest.h>

namespace {

/// A test that broke the device leaves the next one a whole one.
class Mend : public testing::EmptyTestEventListener {
  void OnTestEnd(const testing::TestInfo& /*test*/) override { saltus::emulation::reset_errors(); }
};

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::UnitTest::GetInstance()->listeners().Append(new Mend);
  const int failed = RUN_ALL_TESTS();
  const std::vector<std::string> leaks = saltus::emulation::leaks();
  for (const std::string& leak : leaks)
    std::printf("device memory was not freed: %s\n", leak.c_str());
  return failed != 0 || !leaks.empty() ? EXIT_FAILURE : EXIT_SUCCESS;
}
