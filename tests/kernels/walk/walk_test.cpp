// Every activation and its slope over the floats: the device must give the bits that the CPU's
// loops give (kernels/math.h). With --stride 1 all 2^32 inputs are compared.
#include "tests/kernels/walk/walk.h"

#include <cstdio>
#include <iomanip>
#include <optional>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include <saltus/kernels/activations.h>

#include "tests/kernels/host/activations.h"
#include "tests/kernels/walk/host.h"

namespace saltus::test {
namespace {

constexpr std::int64_t kFloats = std::int64_t{1} << 32;
constexpr std::int64_t kStretch = std::int64_t{1} << 24;

std::uint32_t stride = 1'000'003;

std::string hexadecimal(float x) {
  std::ostringstream text;
  text << x << " (0x" << std::hex << std::setw(8) << std::setfill('0') << kernels::bits_of(x)
       << ")";
  return text.str();
}

/// The first input of a stretch at which two evaluations differ, in a sentence.
std::optional<std::string> first_difference(const Stretch& stretch, const char* name,
                                            const std::vector<float>& device,
                                            const std::vector<float>& host) {
  for (std::int64_t i = 0; i < stretch.count; ++i) {
    const auto place = static_cast<std::size_t>(i);
    if (agreed_bits(device[place]) == agreed_bits(host[place])) continue;
    return std::string(name) + " of " + hexadecimal(kernels::float_of(stretch.bits(i))) + " is " +
           hexadecimal(device[place]) + " on the device, " + hexadecimal(host[place]) +
           " on the host";
  }
  return std::nullopt;
}

/// Where an activation on the device and one on the host differ first; nothing where they do not.
std::optional<std::string> walk(const kernels::ActivationRef& on_device,
                                const kernels::ActivationRef& on_host, std::uint32_t by) {
  const std::int64_t inputs = (kFloats + by - 1) / by;
  DeviceWalk device(on_device, std::min(inputs, kStretch));
  for (std::int64_t done = 0; done < inputs; done += kStretch) {
    const Stretch stretch = {static_cast<std::uint32_t>(done * by), by,
                             std::min(kStretch, inputs - done)};
    device.start(stretch);
    const Checksums want = checksums_on_host(on_host, stretch);
    if (device.checksums() == want) continue;
    std::vector<float> y(static_cast<std::size_t>(stretch.count));
    std::vector<float> slope(y.size());
    evaluate_on_host(on_host, stretch, y.data(), slope.data());
    if (auto found = first_difference(stretch, "f", device.y(), y)) return found;
    if (auto found = first_difference(stretch, "f'", device.slope(), slope)) return found;
    return "the checksums differ, and no value does";
  }
  return std::nullopt;
}

TEST(ActivationWalk, DeviceAndHostHaveTheSameBits) {
  for (const kernels::ActivationRef& activation : all_activations()) {
    const auto difference = walk(activation, activation, stride);
    EXPECT_FALSE(difference) << name_of(activation) << ": " << *difference;
  }
  std::printf("             %d activations and slopes, every %uth of 2^32 floats\n",
              kernels::AllActivations::size, stride);
}

/// Of a last block that is not full, too, and of an earlier stretch that was longer.
TEST(ActivationWalk, ChecksumsAreThoseOfTheValues) {
  DeviceWalk walk(all_activations()[0], 12'000);
  for (const Stretch& stretch :
       {Stretch{0x3f000000u, 11, 12'000}, Stretch{0xffffff00u, 3, 5'001}}) {
    walk.start(stretch);
    const std::vector<float> y = walk.y();
    const std::vector<float> slope = walk.slope();
    Checksums want;
    for (std::int64_t i = 0; i < stretch.count; ++i) {
      want.f += mixed(stretch.bits(i), y[static_cast<std::size_t>(i)]);
      want.df += mixed(stretch.bits(i), slope[static_cast<std::size_t>(i)]);
    }
    EXPECT_TRUE(walk.checksums() == want);
    EXPECT_NE(want.f, want.df);
  }
}

/// leaky_relu with a slope one bit off: of the floats in the order of their bits, -0 is the last on
/// which both agree.
TEST(ActivationWalk, FindsTheFirstDifference) {
  kernels::ActivationRef activation;
  for (const kernels::ActivationRef& any : all_activations())
    if (name_of(any) == "leaky_relu") activation = any;
  ASSERT_EQ(name_of(activation), "leaky_relu");
  kernels::ActivationRef other = activation;
  other.parameters[0] = kernels::float_of(kernels::bits_of(activation.parameters[0]) + 1);
  const auto difference = walk(other, activation, 65537 * 32);
  ASSERT_TRUE(difference);
  EXPECT_NE(difference->find(" on the device, "), std::string::npos) << *difference;
  EXPECT_NE(difference->find("f of -"), std::string::npos) << *difference;
}

}  // namespace

void set_walk_stride(std::uint32_t by) {
  stride = by;
}

}  // namespace saltus::test
