// A program with a fault of any kind is found before anything runs.
#include "plan/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>

#include "passes/passes.h"
#include "passes/pipelines.h"
#include "plan_support.h"

namespace saltus::plan {
namespace {

using testing::HasSubstr;

Program training() {
  return make_plan(tutorial("elu"), losses::BinaryCrossentropy{}, Precision::fp32).train;
}

template <class S>
S& first(Program& program) {
  for (Step& step : program.steps) {
    if (auto* found = std::get_if<S>(&step)) return *found;
  }
  throw std::out_of_range("no such step");
}

/// What verify() says of a program after a change.
template <class Change, class Check>
std::string fault_after(Program program, Change change, Check check) {
  change(program);
  try {
    check(program);
  } catch (const std::logic_error& error) {
    return error.what();
  }
  return "no fault";
}
template <class Change>
std::string fault_after(Change change) {
  return fault_after(training(), change, [](const Program& program) { verify(program); });
}

TEST(Verify, FindsNoFaultInWhatIsSound) {
  EXPECT_EQ(fault_after([](Program&) {}), "no fault");
}

TEST(Verify, AGradientThatNobodyWrites) {
  EXPECT_THAT(fault_after([](Program& p) { first<ops::GemmBackward>(p).dw = kNone; }),
              HasSubstr("nothing writes the gradient of dense_1/kernel"));
}

TEST(Verify, AGradientWithTwoWriters) {
  EXPECT_THAT(fault_after([](Program& p) { p.steps.push_back(first<ops::GemmBackward>(p)); }),
              HasSubstr("which was written before"));
}

TEST(Verify, AStepThatIsMissing) {
  EXPECT_THAT(fault_after([](Program& p) { p.steps.erase(p.steps.begin() + 2); }),
              HasSubstr("convolution reads activation, which nothing has written"));
}

TEST(Verify, TwoTensorsThatAreSwapped) {
  EXPECT_THAT(fault_after([](Program& p) {
                auto& step = first<ops::ActivateBackward>(p);
                const TensorId dy = step.dy;
                step.dy = step.dx.id;
                step.dx = dy;
              }),
              HasSubstr("activate_backward reads d dense, which nothing has written"));
}

TEST(Verify, AWeightThatIsWrittenByAStep) {
  EXPECT_THAT(fault_after([](Program& p) {
                auto& step = first<ops::Convolution>(p);
                step.y = step.w.id;
              }),
              HasSubstr("convolution writes conv2d/kernel, which was written before"));
}

TEST(Verify, AGradientWrittenToATensorThatIsNone) {
  EXPECT_THAT(fault_after([](Program& p) {
                first<ops::GemmBackward>(p).dw = p.add_tensor("elsewhere", {128, 10});
              }),
              HasSubstr("gemm_backward writes elsewhere as what it is not"));
}

TEST(Verify, AnOutputThatNobodyWrites) {
  const Plan plan = make_plan(tutorial(), losses::BinaryCrossentropy{}, Precision::fp32);
  EXPECT_THAT(fault_after(
                  plan.predict, [](Program& p) { p.steps.pop_back(); },
                  [](const Program& p) { verify(p); }),
              HasSubstr("nothing writes the output softmax"));
}

/// Of what the passes leave.
template <class Change>
std::string memory_fault_after(Change change, Precision precision = Precision::fp32) {
  return fault_after(passes::cpu_program(training(), precision), change,
                     [&](const Program& program) {
                       verify_memory(program, precision);
                       verify_segments(program);
                     });
}

TEST(VerifyMemory, TensorsThatOverlap) {
  EXPECT_EQ(memory_fault_after([](Program&) {}), "no fault");
  EXPECT_THAT(memory_fault_after([](Program& p) {
                for (Tensor& tensor : p.tensors) {
                  if (tensor.home == Home::slice) tensor.offset = 0;
                }
              }),
              HasSubstr("live at once in the same place"));
}

TEST(VerifyMemory, ATensorOutside) {
  EXPECT_THAT(memory_fault_after([](Program& p) { p.batch_bytes = 64; }),
              HasSubstr("lies outside the memory"));
}

TEST(VerifyMemory, TheWrongType) {
  Program program = training();
  EXPECT_THAT(fault_after(
                  program, [](Program& p) { passes::pack(p); },
                  [](const Program& p) { verify_memory(p, Precision::bf16); }),
              HasSubstr("which is not of the precision's type"))
      << "the pass that stores it was left out";
}

TEST(VerifyMemory, APassThatWasLeftOut) {
  EXPECT_THAT(
      fault_after(
          training(), [](Program&) {}, [](const Program& p) { verify_memory(p, Precision::fp32); }),
      HasSubstr("lies outside the memory"));
  EXPECT_THAT(fault_after(
                  training(), [](Program&) {}, [](const Program& p) { verify_segments(p); }),
              HasSubstr("the segments end at step 0 of"));
}

TEST(VerifySegments, AStepThatIsInNone) {
  EXPECT_THAT(memory_fault_after([](Program& p) { ++p.segments[1].first; }),
              HasSubstr("a segment begins at step"));
}

}  // namespace
}  // namespace saltus::plan
