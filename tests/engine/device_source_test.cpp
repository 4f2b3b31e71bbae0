// The source that a GPU runs, compiled for the host: it must give the bits of the interpreter.
#include "formula/device_source.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
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
#include "formula/device_statements.h"
#include "formula/scalar.h"
#include "tests/engine/formula_list.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;

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
    find<decltype(kernels::formula::saltus_evaluate_formula)>("saltus_evaluate_formula")(
        number, parameters.data(), values.data(), 1, slopes == nullptr ? nullptr : slopes->data(),
        1, static_cast<int>(values.size()));
  }

  formula::LearnedPoint learned(int number, float x, const formula::ParameterValues& p) const {
    static auto* const value =
        find<decltype(kernels::formula::saltus_learned_value)>("saltus_learned_value");
    static auto* const slopes =
        find<decltype(kernels::formula::saltus_learned_slopes)>("saltus_learned_slopes");
    formula::LearnedPoint point{.value = value(number, x, p[0], p[1], p[2], p[3])};
    const kernels::formula::LearnedSlopes found = slopes(number, x, p[0], p[1], p[2], p[3]);
    point.slope = found.by_x;
    std::ranges::copy(found.by_parameter, point.by_parameter);
    return point;
  }

  kernels::formula::LossTerm loss(int number, double y, double t) const {
    static auto* const term =
        find<decltype(kernels::formula::saltus_loss_term)>("saltus_loss_term");
    return term(number, y, t);
  }

 private:
  template <class Function>
  Function* find(const char* name) const {
    return reinterpret_cast<Function*>(dlsym(handle_, name));
  }

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

template <class T>
bool same_bits(T a, T b) {
  return (a != a && b != b) || std::memcmp(&a, &b, sizeof a) == 0;
}

/// Differences from the interpreter; two NaN are equal.
int differences(const std::vector<float>& got, const std::vector<float>& want) {
  int count = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (!same_bits(got[i], want[i])) ++count;
  }
  return count;
}

class DeviceSource : public testing::Test {
 protected:
  static const Compiled& compiled() {
    static const Compiled all(formula::device_source(tests::device_formulas()));
    return all;
  }
};

TEST_F(DeviceSource, GivesTheBitsOfTheInterpreter) {
  const std::vector<formula::Use> uses = tests::formula_uses();
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
    compiled().evaluate(static_cast<int>(number), use.parameters, values, &slopes);
    const std::string text = use.formula->definition().formula();
    EXPECT_EQ(differences(values, want), 0) << text;
    EXPECT_EQ(differences(slopes, want_slopes), 0) << text;

    std::vector<float> alone = x;
    compiled().evaluate(static_cast<int>(number), use.parameters, alone, nullptr);
    EXPECT_EQ(differences(alone, want), 0) << text;
  }
}

TEST_F(DeviceSource, GivesTheBitsOfTheInterpreterOfLearnedOnes) {
  const auto learned = tests::device_formulas().learned;
  std::vector<float> x = inputs();
  x.resize(200'000);
  std::mt19937 random(6);
  std::normal_distribution<float> normal(1, 0.5);
  for (std::size_t number = 0; number < learned.size(); ++number) {
    int differences = 0;
    int mended = 0;
    for (const float input : x) {
      const formula::ParameterValues p = {normal(random), normal(random), normal(random), 0};
      const formula::LearnedPoint want = formula::evaluate(*learned[number], input, p);
      const formula::LearnedPoint got = compiled().learned(static_cast<int>(number), input, p);
      bool equal = same_bits(got.value, want.value) && same_bits(got.slope, want.slope);
      for (std::size_t i = 0; i < p.size(); ++i)
        equal = equal && same_bits(got.by_parameter[i], want.by_parameter[i]);
      differences += equal ? 0 : 1;
      // f(30) of the fifth has infinities on its way.
      mended += std::abs(input) > 30 && !std::isnan(got.value) ? 1 : 0;
    }
    EXPECT_EQ(differences, 0) << tests::learned_list()[number];
    EXPECT_GT(mended, 0) << tests::learned_list()[number];
  }
}

TEST_F(DeviceSource, GivesTheBitsOfTheInterpreterOfLosses) {
  const std::vector<formula::LossUse> losses = tests::device_formulas().losses;
  std::mt19937 random(7);
  std::normal_distribution<double> normal(0.5, 2);
  formula::LossLoop loop;
  for (std::size_t number = 0; number < losses.size(); ++number) {
    int differences = 0;
    for (int i = 0; i < 100'000; ++i) {
      const double y = i % 16 == 0 ? normal(random) * 1e200 : normal(random);
      const double t = i % 2 == 0 ? normal(random) : i % 3 == 0 ? 1 : 0;
      kernels::formula::LossTerm want{};
      const bool has_slope = losses[number].with_slope;
      loop.run(losses[number].formula, &y, &t, &want.value, has_slope ? &want.slope : nullptr, 1);
      const kernels::formula::LossTerm got = compiled().loss(static_cast<int>(number), y, t);
      if (!same_bits(got.value, want.value) || !same_bits(got.slope, want.slope)) ++differences;
    }
    EXPECT_EQ(differences, 0) << tests::loss_formula_list()[number];
  }
}

TEST_F(DeviceSource, HasEachFormulaOnceAndEachUse) {
  const std::string source = formula::device_source(tests::device_formulas());
  const auto count = [&](std::string_view what) {
    int found = 0;
    for (std::size_t at = source.find(what); at != std::string::npos;
         at = source.find(what, at + 1))
      ++found;
    return found;
  };
  const int formulas = static_cast<int>(tests::formula_list().size());
  EXPECT_EQ(count("struct Formula"), formulas);
  EXPECT_EQ(count("\n    {1, "), 2);  // with two values of its parameter
  EXPECT_EQ(count("struct Learned"), static_cast<int>(tests::learned_list().size()));
  EXPECT_EQ(count("struct Loss"), static_cast<int>(tests::loss_formula_list().size()));
}

TEST_F(DeviceSource, WritesNodesOfAGraphWithAnyRoots) {
  formula::Graph graph;
  const formula::Id x = graph.variable();
  const formula::Id a = graph.parameter(0);
  const formula::Id root = graph.make<formula::op::Tanh>(graph.make<formula::op::Multiply>(a, x));
  const std::array<formula::Id, 4> roots = {root, derivative(graph, root, x), formula::kNone,
                                            derivative(graph, root, a)};
  const std::string text = formula::wide_function("all", graph, roots);
  for (const char* result : {"results[0] = ", "results[1] = ", "results[2] = 0;", "results[3] = n"})
    EXPECT_THAT(text, testing::HasSubstr(result));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("results[4]")));
}

}  // namespace
}  // namespace saltus
