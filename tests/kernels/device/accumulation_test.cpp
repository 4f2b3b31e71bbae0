// The sums of tensor cores against MMA-Sim's, which make_accumulation.py wrote down. The inputs are
// drawn here once more, by its rule.
#include <array>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <saltus/kernels/device/host_mma.h>

#include "tests/kernels/device/device_array.h"
#include "tests/kernels/device/facts.h"
#include "tests/kernels/device/parity.h"

namespace saltus::test {
namespace {

using kernels::Place;
namespace host = kernels::host;

constexpr int kProducts = 80;  ///< of each sort of numbers
const std::array<const char*, 12> kSorts = {"ordinary",   "reach",     "any",       "sparse",
                                            "tiny",       "subnormal", "huge",      "special",
                                            "cancelling", "shadows",   "vanishing", "full"};

enum class Matrix { a, b, c };

std::uint32_t word(std::uint32_t sort, std::uint32_t product, std::uint32_t element,
                   std::uint32_t draw) {
  std::uint32_t x = ((sort * kProducts + product) * 1024 + element) * 4 + draw + 0x9e3779b9u;
  x = (x ^ x >> 16) * 0x85ebca6bu;
  x = (x ^ x >> 13) * 0xc2b2ae35u;
  return x ^ x >> 16;
}

/// The bits of a float. k: its place in the depth
std::uint32_t number(std::uint32_t number_of_sort, Matrix matrix, int k, std::uint32_t element,
                     std::uint32_t product) {
  const std::string sort = kSorts[number_of_sort];
  const bool of_c = matrix == Matrix::c;
  const bool odd = k % 2 == 1;
  const std::uint32_t before = matrix == Matrix::a ? 1 : 8;
  const std::uint32_t drawn = sort == "cancelling" && odd ? element - before : element;
  const std::uint32_t rest = word(number_of_sort, product, drawn, 0);
  const std::uint32_t exponent = word(number_of_sort, product, drawn, 1);
  const std::uint32_t choice = word(number_of_sort, product, drawn, 2);
  const std::uint32_t zero = rest & 0x80000000u;
  const auto at = [&](std::uint32_t field) { return (rest & 0x807fffffu) | field << 23; };

  if (sort == "ordinary") return at(123 + exponent % 8);
  if (sort == "reach") return at(112 + exponent % 31);
  if (sort == "any") return exponent;
  if (sort == "sparse") return choice % 2 == 0 ? zero : at(112 + exponent % 31);
  if (sort == "tiny") {
    if (of_c) return choice % 2 == 0 ? zero : at(exponent % 3);
    return at(46 + exponent % 20);
  }
  if (sort == "subnormal") {
    if (matrix == Matrix::a) return at(choice % 2 == 0 ? 0 : exponent % 4);
    return at(of_c ? exponent % 40 : 100 + exponent % 60);
  }
  if (sort == "huge") return at((of_c ? 247 : 185) + exponent % 8);
  if (sort == "special") {
    if (choice % 64 == 0) return zero | 0x7f800000u;
    if (choice % 64 == 1) return rest | 0x7f800000u;
    if (choice % 64 == 2) return zero | 0x7f800001u;
    return choice % 64 < 11 ? zero : at(123 + exponent % 8);
  }
  if (sort == "cancelling") {
    if (of_c) return choice % 2 == 0 ? zero : at(90 + exponent % 30);
    const std::uint32_t bits = at(120 + exponent % 14);
    if (matrix == Matrix::a || !odd) return bits;
    return bits ^ (0x80000000u | (word(number_of_sort, product, element, 3) & 1) << 16);
  }
  if (sort == "vanishing") return of_c ? zero | exponent % 2 : at(48 + exponent % 6);
  if (sort == "full") {
    const std::uint32_t sign = matrix == Matrix::a ? 0 : (product & 1) << 31;
    return sign | 0x3fff0000u | (rest & 0xffffu);
  }
  if (of_c) return choice % 4 == 0 ? zero : at(20 + exponent % 110);
  if (!odd) return matrix == Matrix::a ? zero : at(127 + exponent % 128);
  return matrix == Matrix::b && choice % 2 == 0 ? zero : at(40 + exponent % 100);
}

/// The bits of three matrices' elements: a [16][depth], b [depth][8], c [16][8].
struct Operands {
  std::vector<std::uint32_t> a, b, c;
};

Operands draw(std::uint32_t sort, std::uint32_t product, int depth) {
  Operands drawn;
  const auto all = [&](Matrix matrix, int count, std::uint32_t first, const auto& place_in_depth) {
    std::vector<std::uint32_t> bits(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
      bits[static_cast<std::size_t>(i)] =
          number(sort, matrix, place_in_depth(i), first + static_cast<std::uint32_t>(i), product);
    return bits;
  };
  drawn.a = all(Matrix::a, 16 * depth, 0, [&](int i) { return i % depth; });
  drawn.b = all(Matrix::b, 8 * depth, 256, [](int i) { return i / 8; });
  drawn.c = all(Matrix::c, 16 * 8, 512, [](int) { return 0; });
  return drawn;
}

/// A case from the file, 128 times.
Operands repeated(const std::vector<std::uint32_t>& row, const std::vector<std::uint32_t>& column,
                  std::uint32_t c) {
  Operands all = {{}, {}, std::vector<std::uint32_t>(16 * 8, c)};
  for (int m = 0; m < 16; ++m) all.a.insert(all.a.end(), row.begin(), row.end());
  for (const std::uint32_t x : column) all.b.insert(all.b.end(), 8, x);
  return all;
}

std::size_t index(Place place, int columns) {
  const int i = place.row * columns + place.column;
  return static_cast<std::size_t>(i);
}

/// What an instruction makes of operands: 16 x 8 sums, by the host's rule or on the device.
template <class Product>
class Instruction {
 public:
  explicit Instruction(const Operands& operands)
      : a_(kLanes * 4, 0), b_(kLanes * 2, 0), sums_(kLanes * 4) {
    constexpr bool halves = Product::kDepth == 16;
    const auto put = [](std::uint32_t* registers, int i, std::uint32_t bits) {
      registers[halves ? i / 2 : i] |= halves ? bits >> 16 << i % 2 * 16 : bits;
    };
    for (int lane = 0; lane < kLanes; ++lane) {
      for (int i = 0; i < Product::kElementsA; ++i)
        put(&a_[at(lane, 4)], i, operands.a[index(Product::place_in_a(lane, i), Product::kDepth)]);
      for (int i = 0; i < Product::kElementsB; ++i)
        put(&b_[at(lane, 2)], i, operands.b[index(Product::place_in_b(lane, i), 8)]);
      for (int i = 0; i < 4; ++i)
        sums_[at(lane, 4, i)] =
            kernels::float_of(operands.c[index(kernels::place_in_c(lane, i), 8)]);
    }
  }

  [[nodiscard]] std::vector<std::uint32_t> on_host(int compute_capability) const {
    std::vector<float> sums = sums_;
    std::array<host::MmaLane, kLanes> lanes;
    std::array<void*, kLanes> arguments;
    for (int lane = 0; lane < kLanes; ++lane) {
      const auto i = static_cast<std::size_t>(lane);
      lanes[i] = {&sums[at(lane, 4)], &a_[at(lane, 4)], &b_[at(lane, 2)], compute_capability};
      arguments[i] = &lanes[i];
    }
    host::multiply_warp<Product>(arguments.data(), ~0U);
    return in_rows(sums);
  }

  [[nodiscard]] std::vector<std::uint32_t> on_device() const {
    const DeviceArray<std::uint32_t> a(a_);
    const DeviceArray<std::uint32_t> b(b_);
    const DeviceArray<float> sums(sums_);
    (Product::kDepth == 16 ? multiply_bf16 : multiply_tf32)(a.data(), b.data(), sums.data());
    return in_rows(sums.read());
  }

 private:
  static std::size_t at(int lane, int registers, int i = 0) {
    const int place = lane * registers + i;
    return static_cast<std::size_t>(place);
  }

  static std::vector<std::uint32_t> in_rows(const std::vector<float>& by_lane) {
    std::vector<std::uint32_t> bits(16 * 8);
    for (int lane = 0; lane < kLanes; ++lane)
      for (int i = 0; i < 4; ++i)
        bits[index(kernels::place_in_c(lane, i), 8)] = kernels::bits_of(by_lane[at(lane, 4, i)]);
    return bits;
  }

  std::vector<std::uint32_t> a_, b_;
  std::vector<float> sums_;
};

std::vector<std::uint32_t> multiply(const std::string& instruction, const Operands& operands,
                                    int compute_capability) {
  if (instruction == "tf32")
    return Instruction<host::Tf32Product>(operands).on_host(compute_capability);
  EXPECT_EQ(instruction, "bf16");
  return Instruction<host::Bf16Product>(operands).on_host(compute_capability);
}

std::vector<std::string> fields(const std::string& line) {
  std::vector<std::string> all;
  std::istringstream stream(line);
  for (std::string field; std::getline(stream, field, ',');) all.push_back(field);
  return all;
}

std::vector<std::uint32_t> hexadecimal(const std::string& text) {
  std::vector<std::uint32_t> all;
  std::istringstream stream(text);
  stream >> std::hex;
  for (std::uint32_t x = 0; stream >> x;) all.push_back(x);
  return all;
}

TEST(Accumulation, OfEveryCaseIsMmaSims) {
  std::ifstream file = open_facts("accumulation_cases.csv");
  std::string line;
  std::getline(file, line);
  ASSERT_EQ(line, "instruction,compute_capability,numbers,row,column,c,a,b,sum");
  std::map<std::string, int> compared;
  while (std::getline(file, line)) {
    const std::vector<std::string> given = fields(line);
    ASSERT_EQ(given.size(), 9U) << line;
    const Operands operands =
        repeated(hexadecimal(given[6]), hexadecimal(given[7]), hexadecimal(given[5]).at(0));
    const std::vector<std::uint32_t> want(16 * 8, hexadecimal(given[8]).at(0));
    EXPECT_EQ(multiply(given[0], operands, std::stoi(given[1])), want) << line;
    ++compared[given[0] + "," + given[1] + "," + given[2]];
  }
  EXPECT_EQ(compared.size(), 4 * kSorts.size());
  for (const auto& [name, cases] : compared) EXPECT_EQ(cases, 8) << name;
}

/// FNV-1a, by words.
std::uint32_t digest(const std::vector<std::uint32_t>& words) {
  std::uint32_t x = 0x811c9dc5u;
  for (const std::uint32_t word : words) x = (x ^ word) * 0x01000193u;
  return x;
}

TEST(Accumulation, OfManyNumbersIsMmaSims) {
  std::ifstream file = open_facts("accumulation_digests.csv");
  std::string line;
  std::getline(file, line);
  ASSERT_EQ(line, "instruction,compute_capability,numbers,digests");
  for (const char* instruction : {"tf32", "bf16"})
    for (const char* compute_capability : {"80", "90"})
      for (std::uint32_t sort = 0; sort < kSorts.size(); ++sort) {
        ASSERT_TRUE(std::getline(file, line));
        const std::vector<std::string> given = fields(line);
        ASSERT_EQ(given.size(), 4U) << line;
        ASSERT_EQ(given[0], instruction);
        ASSERT_EQ(given[1], compute_capability);
        ASSERT_EQ(given[2], kSorts[sort]);
        const std::vector<std::uint32_t> want = hexadecimal(given[3]);
        ASSERT_EQ(want.size(), kProducts);
        std::string wrong;
        for (std::uint32_t product = 0; product < kProducts; ++product) {
          const Operands operands = draw(sort, product, given[0] == "bf16" ? 16 : 8);
          if (digest(multiply(given[0], operands, std::stoi(given[1]))) != want[product])
            wrong.append(" ").append(std::to_string(product));
        }
        EXPECT_EQ(wrong, "") << given[0] << ", " << given[1] << ", products of " << given[2];
      }
  EXPECT_FALSE(std::getline(file, line)) << line;
}

/// On a GPU this says whether MMA-Sim, and so the emulation, tells the truth.
template <class Product>
void expect_of_device() {
  for (std::uint32_t sort = 0; sort < kSorts.size(); ++sort)
    for (std::uint32_t product = 0; product < 2; ++product) {
      const Instruction<Product> instruction(draw(sort, product, Product::kDepth));
      EXPECT_EQ(instruction.on_device(), instruction.on_host(compute_capability())) << kSorts[sort];
    }
}

TEST(Parity, AccumulationOfTf32) {
  expect_of_device<host::Tf32Product>();
}

TEST(Parity, AccumulationOfBf16) {
  expect_of_device<host::Bf16Product>();
}

}  // namespace
}  // namespace saltus::test
