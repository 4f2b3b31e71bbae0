// Two models in two threads: each gets the bits that it gets alone, and nothing that they share is
// written by one while the other uses it, which ThreadSanitizer watches.
#include <cstddef>
#include <cstdint>
#include <latch>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <saltus/kernels/random.h>
#include <saltus/model.h>

/// oneDNN is not instrumented: static variables and the cache of primitives, which models share, it
/// guards by atomics that ThreadSanitizer does not see. So reports are left out where oneDNN is on
/// the stack of one of the accesses; it never calls our code, whose own accesses all count.
extern "C" [[gnu::visibility("default")]] const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:libdnnl.so\n";
}

namespace saltus {
namespace {

constexpr std::size_t kCount = 24;
constexpr std::int64_t kSide = 6;
constexpr int kClasses = 3;

/// What a model has learnt: its weights, statistics included, and what it predicts.
std::vector<float> learn(std::uint64_t seed) {
  const std::size_t pixels = kCount * kSide * kSide;
  std::vector<float> inputs(pixels);
  std::vector<std::int32_t> classes(kCount);
  for (std::size_t i = 0; i < pixels; ++i) {
    const auto words = kernels::philox(seed, {static_cast<std::uint32_t>(i), 0, 0, 0});
    inputs[i] = static_cast<float>(words.w0 * 0x1p-32);
  }
  for (std::size_t i = 0; i < kCount; ++i) classes[i] = static_cast<std::int32_t>(i % kClasses);
  const Samples samples = {.count = kCount, .inputs = inputs, .targets = std::span(classes)};

  Graph graph({kSide, kSide, 1});
  graph.add(layers::Conv2D{.filters = 4, .activation = "gelu"});
  graph.add(layers::BatchNormalization{});
  graph.add(layers::Dropout{.rate = 0.25});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 8, .activation = "tanh"});
  graph.add(layers::Dense{.units = kClasses});
  graph.add(layers::Softmax{});
  Model model(graph);
  model.compile({.optimizer = Adam{}, .device = Device::cpu, .threads = 2, .seed = seed});
  model.fit(samples, {.epochs = 2, .batch_size = 8, .validation_split = 0.25});

  std::vector<float> learnt = model.predict(samples, 8);
  for (const Weight& weight : model.weights()) {
    const std::vector<float> values = model.get_weights(weight.name);
    learnt.insert(learnt.end(), values.begin(), values.end());
  }
  return learnt;
}

TEST(TwoModels, TrainInTwoThreadsAsEachAlone) {
  // Together first: what is made at the first use is made by both at once.
  std::vector<float> one;
  std::vector<float> other;
  std::latch start(2);
  std::thread thread([&] {
    start.arrive_and_wait();
    other = learn(2);
  });
  start.arrive_and_wait();
  one = learn(1);
  thread.join();
  EXPECT_EQ(one, learn(1));
  EXPECT_EQ(other, learn(2));
  EXPECT_NE(one, other);
}

}  // namespace
}  // namespace saltus
