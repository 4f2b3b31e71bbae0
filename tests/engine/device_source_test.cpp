// The source that a GPU runs, compiled for the host: it must give the bits of the interpreter.
#include "formula/device_source.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <random>
#include <vector>

#include <dlfcn.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/kernels/formula/linked.h>

#include "core/file.h"
#include "formula/scalar.h"
#include "tests/engine/formula_list.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using tests::formula_uses;

/// What the host's compiler makes of a source and of kernels/formula/linked.cu.
class Compiled {
 public:
  explicit Compiled(const std::string& source) : folder_(fs::temp_directory_path()) {
    const fs::path file = folder_.path() / "formulas.cpp";
    const fs::path library = folder_.path() / "formulas.so";
    write_file_atomic(file, source);
    const std::string command = fmt::format(
        "'{0}' -std=c++20 -O1 -ffp-contract=off -fno-math-errno -fno-trapping-math -Wall -Wextra "
        "-Werror -Wno-unknown-pragmas -shared -fPIC -I '{1}/engine/include' '{2}' -x c++ "
        "'{1}/kernels/formula/linked.cu' -o '{3}'",
        SALTUS_HOST_COMPILER, SALTUS_SOURCE_DIR, file.string(), library.string());
    if (std::system(command.c_str()) != 0) throw std::runtime_error(command + "\n" + source);
    handle_ = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle_ == nullptr) throw std::runtime_error(dlerror());
  }
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;
  ~Compiled() { dlclose(handle_); }

  void evaluate(int number, const formula::ParameterValues& parameters, std::vector<float>& values,
                std::vector<float>* slopes) const {
    using Function = decltype(kernels::formula::saltus_evaluate_formula);
    const auto function = reinterpret_cast<Function*>(dlsym(handle_, "saltus_evaluate_formula"));
    function(number, parameters.data(), values.data(), 1,
             slopes == nullptr ? nullptr : slopes->data(), 1, static_cast<int>(values.size()));
  }

 private:
  ScratchFolder folder_;
  void* handle_ = nullptr;
};

/// Every exponent, many ordinary numbers, and what is special.
std::vector<float> inputs() {
  constexpr int kCount = 1'000'000;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> all = {0.0F,
                            -0.0F,
                            1.0F,
                            -1.0F,
                            -2.0F,
                            1e-45F,
                            3.4e38F,
                            -3.4e38F,
                            kInfinity,
                            -kInfinity,
                            std::numeric_limits<float>::quiet_NaN()};
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0, 4);
  while (all.size() < kCount) {
    all.push_back(normal(random));
    if (all.size() % 8 == 0)
      all.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
  }
  return all;
}

/// Differences from the interpreter; two NaN are equal.
int differences(const std::vector<float>& got, const std::vector<float>& want) {
  int count = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const bool both_nan = got[i] != got[i] && want[i] != want[i];
    if (!both_nan && std::bit_cast<std::uint32_t>(got[i]) != std::bit_cast<std::uint32_t>(want[i]))
      ++count;
  }
  return count;
}

TEST(DeviceSource, GivesTheBitsOfTheInterpreter) {
  const std::vector<formula::Use> uses = formula_uses();
  const Compiled compiled(formula::device_source(uses));
  const std::vector<float> x = inputs();
  for (std::size_t number = 0; number < uses.size(); ++number) {
    const formula::Use& use = uses[number];
    const formula::Ready ready = formula::ready(*use.formula, use.parameters.data());
    std::vector<float> want(x.size());
    std::vector<float> want_slopes(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const formula::Point point = formula::evaluate(ready, x[i]);
      want[i] = point.value;
      want_slopes[i] = point.slope;
    }
    std::vector<float> values = x;
    std::vector<float> slopes(x.size());
    compiled.evaluate(static_cast<int>(number), use.parameters, values, &slopes);
    const std::string text = use.formula->definition().formula();
    EXPECT_EQ(differences(values, want), 0) << text;
    EXPECT_EQ(differences(slopes, want_slopes), 0) << text;

    std::vector<float> alone = x;
    compiled.evaluate(static_cast<int>(number), use.parameters, alone, nullptr);
    EXPECT_EQ(differences(alone, want), 0) << text;
  }
}

TEST(DeviceSource, HasEachFormulaOnceAndEachUse) {
  const std::string source = formula::device_source(formula_uses());
  const auto count = [&](std::string_view what) {
    int found = 0;
    for (std::size_t at = source.find(what); at != std::string::npos;
         at = source.find(what, at + 1))
      ++found;
    return found;
  };
  const int formulas = static_cast<int>(tests::formula_list().size());
  EXPECT_EQ(count("struct Formula"), formulas);
  EXPECT_EQ(count("    case "), 2 * formulas);  // in float and in double
  EXPECT_EQ(count("\n    {1, "), 2);            // with two values of its parameter
}

TEST(DeviceSource, WritesNodesOfAGraphWithAnyRoots) {
  formula::Graph graph;
  const formula::Id x = graph.variable();
  const formula::Id a = graph.parameter(0);
  const formula::Id root = graph.make<formula::op::Tanh>(graph.make<formula::op::Multiply>(a, x));
  const std::array<formula::Id, 3> roots = {root, derivative(graph, root, x),
                                            derivative(graph, root, a)};
  const std::string text = formula::wide_function("all", graph, roots);
  for (const char* result : {"results[0] = ", "results[1] = ", "results[2] = "})
    EXPECT_THAT(text, testing::HasSubstr(result));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("results[3]")));
}

}  // namespace
}  // namespace saltus
