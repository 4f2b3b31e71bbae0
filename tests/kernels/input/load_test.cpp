#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include <saltus/kernels/input/load.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

constexpr std::uint32_t kSamples = 23;
constexpr int kTrials = 3;
constexpr int kMaxRows = 6;
constexpr int kRows = 5;

TrialTable table(std::uint32_t first, std::uint32_t epoch) {
  return TrialTable({.rows = kRows,
                     .max_rows = kMaxRows,
                     .batch = {.first = first, .epoch = epoch},
                     .states = {{.seed = 5}, {.active = 0}, {.seed = 6}}});
}

std::vector<std::uint8_t> images(int size) {
  std::vector<std::uint8_t> bytes(kSamples * static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(i * 37 + i / 256);
  return bytes;
}

/// Bytes and floats, in order and shuffled; sizes of rows with and without quads, and blocks.
struct Case {
  int size;
  bool shuffled;
};
class LoadTest : public testing::TestWithParam<Case> {
 protected:
  const Case c = GetParam();
  const std::size_t size = static_cast<std::size_t>(c.size);
  const std::vector<std::uint8_t> bytes = images(c.size);
  const std::vector<float> before = small_integers(kTrials * kMaxRows * size, 8, 1);

  /// value(element of the data set) where the kernel writes.
  template <class Value>
  std::vector<double> wanted(std::uint32_t first, std::uint32_t epoch, Value value) const {
    std::vector<double> want(before.begin(), before.end());
    for (const std::size_t trial : {0U, 2U}) {
      for (std::uint32_t row = 0; row < kRows; ++row) {
        const std::size_t sample =
            c.shuffled ? kernels::shuffled_index(trial == 0 ? 5 : 6, epoch, first + row, kSamples)
                       : first + row;
        for (std::size_t i = 0; i < size; ++i)
          want[(trial * kMaxRows + row) * size + i] = value(sample * size + i);
      }
    }
    return want;
  }
};

TEST_P(LoadTest, BytesDividedBy255) {
  const DeviceArray<std::uint8_t> device_bytes(bytes);
  const DeviceArray<float> x(before);
  kernels::load_input({.bytes = device_bytes.data(),
                       .order = {kSamples, c.shuffled},
                       .x = x.per_trial(kTrials),
                       .size = c.size},
                      table(10, 3).context());
  expect_equal(x.read(), wanted(10, 3, [&](std::size_t i) {
                 return double{static_cast<float>(bytes[i]) / 255.0F};
               }));
}

TEST_P(LoadTest, FloatsAsTheyAreToBf16) {
  const std::vector<float> floats(bytes.begin(), bytes.end());
  const DeviceArray<float> device_floats(floats);
  const DeviceArray<kernels::Bf16> x(to_bf16(before));
  kernels::load_input({.floats = device_floats.data(),
                       .order = {kSamples, c.shuffled},
                       .x = x.per_trial(kTrials),
                       .size = c.size},
                      table(18, 4).context());
  expect_equal(values(x.read()), wanted(18, 4, [&](std::size_t i) { return double{floats[i]}; }));
}

INSTANTIATE_TEST_SUITE_P(Sizes, LoadTest,
                         testing::Values(Case{1, false}, Case{4, true}, Case{7, true},
                                         Case{1024, false}, Case{1028, true}, Case{1030, true}));

TEST(LoadEpoch, GivesEverySampleOnce) {
  std::vector<std::uint8_t> numbers(kSamples);
  for (std::size_t i = 0; i < kSamples; ++i) numbers[i] = static_cast<std::uint8_t>(i);
  const DeviceArray<std::uint8_t> bytes(numbers);
  const DeviceArray<float> x(kSamples);
  const TrialTable one({.rows = kSamples, .batch = {.epoch = 9}, .states = {{.seed = 1}}});
  kernels::load_input(
      {.bytes = bytes.data(), .order = {kSamples, true}, .x = x.per_trial(), .size = 1},
      one.context());
  const auto loaded = x.read();
  const std::set<float> different(loaded.begin(), loaded.end());
  EXPECT_EQ(different.size(), kSamples);
  EXPECT_FALSE(std::is_sorted(loaded.begin(), loaded.end()));
}

}  // namespace
}  // namespace saltus::test
