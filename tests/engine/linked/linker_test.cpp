// Formulas compiled and linked with the kernels as they are for a GPU; none is needed for that.
#include "backend/cuda/libraries/linker.h"

#include <algorithm>
#include <map>
#include <regex>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/kernels/formula/linkable.h>

#include "core/file.h"
#include "tests/engine/formula_list.h"

namespace saltus::cuda {
namespace {

using testing::HasSubstr;

/// Registers and bytes of local memory of every kernel that the linker reports.
struct Taken {
  int registers = 0;
  int local = 0;
};
std::map<std::string, Taken> taken_by_kernels(const std::string& report) {
  static const std::regex kName("Function properties for '([A-Za-z0-9_]+)'");
  static const std::regex kUse("used ([0-9]+) registers.* ([0-9]+) bytes lmem");
  std::map<std::string, Taken> all;
  std::istringstream lines(report);
  std::string name;
  std::smatch match;
  for (std::string line; std::getline(lines, line);) {
    if (std::regex_search(line, match, kName)) name = match[1];
    if (!std::regex_search(line, match, kUse)) continue;
    all[name] = {std::stoi(match[1]), std::stoi(match[2])};
  }
  return all;
}

/// The kernels that call what is linked, with the most registers that each may take: its budget as
/// it was compiled, or what it is linked with.
std::map<std::string, int> kernels_with_budgets() {
  std::istringstream lines(
      read_file(std::string(SALTUS_SOURCE_DIR) + "/tests/kernels/compile/ptxas_budget_linkable.csv",
                1 << 20));
  std::map<std::string, int> all;
  static const std::regex kLine(
      "[^,]*,(activate|activate_learned|activate_pool|convolutions_pool|finish|first_gradients|"
      "formula_metrics|formula_rows|forward|learned_backward|multiply|second_gradients)_kernel,"
      "([0-9]+),.*");
  std::smatch match;
  for (std::string line; std::getline(lines, line);) {
    if (!std::regex_match(line, match, kLine)) continue;
    int& most = all[match[1].str() + "_kernel"];
    most = std::max({most, std::stoi(match[2]), kernels::formula::kMostRegisters});
  }
  return all;
}

class Linker : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    try {
      require_linker();
    } catch (const DeviceError& error) {
      GTEST_SKIP() << "FORMULAS WERE NOT LINKED: " << error.what();
    }
    if (linkable_architecture(GetParam()) != GetParam())
      GTEST_SKIP() << "FORMULAS WERE NOT LINKED: this build has no code for " << GetParam();
  }
};

INSTANTIATE_TEST_SUITE_P(Architectures, Linker, testing::Values(80, 90));

TEST_P(Linker, LinksFormulasWithAllKernels) {
  const LinkedCode linked =
      link_source(formula::device_source(tests::device_formulas()), GetParam());
  EXPECT_THAT(linked.code, testing::StartsWith("\x7f"
                                               "ELF"));
  const std::map<std::string, Taken> taken = taken_by_kernels(linked.report);
  const std::map<std::string, int> kernels = kernels_with_budgets();
  EXPECT_EQ(kernels.size(), 12U);
  for (const auto& [kernel, budget] : kernels) {
    int found = 0;
    for (const auto& [name, use] : taken) {
      if (name.find(fmt::format("{}{}", kernel.size(), kernel)) == std::string::npos) continue;
      ++found;
      EXPECT_LE(use.registers, budget) << name;
      EXPECT_EQ(use.local, 0) << name << " spills";
    }
    EXPECT_GT(found, 0) << kernel;
  }
  EXPECT_THAT(linked.report, testing::Not(HasSubstr("warning")));
  // What the program looks the kernels up by.
  EXPECT_THAT(linked.code, HasSubstr("_ZN6saltus7kernels15activate_kernelENS0_8ActivateE"));
}

TEST_P(Linker, KernelsKeepTheRegistersOfTheirLaunchBounds) {
  const LinkedCode linked =
      link_source(formula::device_source(tests::device_formulas()), GetParam());
  for (const auto& [name, use] : taken_by_kernels(linked.report)) {
    // Eight blocks of 128 threads on a multiprocessor, for windows of up to 25 taps.
    if (name.find("14forward_kernelILi9E") == std::string::npos &&
        name.find("14forward_kernelILi25E") == std::string::npos)
      continue;
    EXPECT_LE(use.registers, kernels::formula::kMostRegisters) << name;
  }
}

TEST_P(Linker, ServesLaterDevicesOfTheSameKind) {
  const std::optional<int> of_later = linkable_architecture(GetParam() / 10 * 10 + 9);
  ASSERT_TRUE(of_later);
  EXPECT_GE(*of_later, GetParam());
  EXPECT_EQ(linkable_architecture(70), std::nullopt);
}

TEST_P(Linker, SaysWhatIsWrongWithASource) {
  try {
    link_source("this is no formula", GetParam());
    ADD_FAILURE() << "it was taken";
  } catch (const DeviceError& error) {
    EXPECT_THAT(error.what(), HasSubstr("formulas.cu(1)"));
  }
}

}  // namespace
}  // namespace saltus::cuda
