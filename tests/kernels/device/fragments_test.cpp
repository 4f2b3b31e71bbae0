// The layouts of fragments against a second witness: CUTLASS's, as scripts/fragment_layouts prints
// them.
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include <saltus/kernels/device/fragments.h>

#include "tests/kernels/device/facts.h"

namespace saltus::test {
namespace {

using kernels::Place;
using Layout = Place (*)(int lane, int element);

struct Operand {
  Layout place;
  int elements;  ///< of a lane
};

const std::map<std::string, Operand>& operands() {
  static const std::map<std::string, Operand> all = {
      {"mma_tf32,a", {kernels::place_in_tf32_a, 4}},
      {"mma_tf32,b", {kernels::place_in_tf32_b, 2}},
      {"mma_tf32,c", {kernels::place_in_c, 4}},
      {"mma_bf16,a", {kernels::place_in_bf16_a, 8}},
      {"mma_bf16,b", {kernels::place_in_bf16_b, 4}},
      {"mma_bf16,c", {kernels::place_in_c, 4}},
      {"ldmatrix,rows", {kernels::place_in_rows, 8}},
      {"ldmatrix_trans,rows", {kernels::place_in_transposed_rows, 8}},
  };
  return all;
}

TEST(Fragments, AreThoseOfCutlass) {
  std::ifstream file = open_facts("fragment_layouts.csv");
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  ASSERT_EQ(line, "instruction,operand,lane,element,row,column");
  std::map<std::string, int> compared;
  while (std::getline(file, line)) {
    const std::size_t end_of_name = line.find(',', line.find(',') + 1);
    const std::string name = line.substr(0, end_of_name);
    std::istringstream numbers(line.substr(end_of_name + 1));
    int lane = -1;
    int element = -1;
    Place want = {-1, -1};
    char comma = 0;
    numbers >> lane >> comma >> element >> comma >> want.row >> comma >> want.column;
    ASSERT_TRUE(numbers) << line;
    ASSERT_EQ(operands().count(name), 1) << line;
    const Place got = operands().at(name).place(lane, element);
    EXPECT_EQ(got.row, want.row) << line;
    EXPECT_EQ(got.column, want.column) << line;
    ++compared[name];
  }
  for (const auto& [name, operand] : operands())
    EXPECT_EQ(compared[name], 32 * operand.elements) << name;
}

}  // namespace
}  // namespace saltus::test
