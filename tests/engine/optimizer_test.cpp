#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/loss.h>
#include <saltus/metric.h>
#include <saltus/optimizer.h>
#include <saltus/precision.h>

namespace saltus {
namespace {

using testing::HasSubstr;

std::string refusal_of(const Optimizer& optimizer) {
  try {
    validate(optimizer);
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "valid";
}

TEST(Optimizer, UsualValuesAreValid) {
  EXPECT_EQ(refusal_of(Adam{}), "valid");
  EXPECT_EQ(refusal_of(SGD{}), "valid");
  EXPECT_EQ(refusal_of(SGD{.momentum = 0.9, .nesterov = true}), "valid");
  EXPECT_EQ(refusal_of(Adam{.clipping = {.clipvalue = 0.5}}), "valid");
}

TEST(Optimizer, ValuesOutOfRangeAreNamed) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(refusal_of(Adam{.learning_rate = -1}), HasSubstr("learning_rate is -1"));
  EXPECT_THAT(refusal_of(Adam{.learning_rate = nan}), HasSubstr("learning_rate is nan"));
  EXPECT_THAT(refusal_of(Adam{.beta_1 = 1}), HasSubstr("beta_1 is 1"));
  EXPECT_THAT(refusal_of(Adam{.beta_2 = nan}), HasSubstr("beta_2 is nan"));
  EXPECT_THAT(refusal_of(Adam{.epsilon = 0}), HasSubstr("epsilon is 0"));
  EXPECT_THAT(refusal_of(SGD{.momentum = 1.5}), HasSubstr("momentum is 1.5"));
  EXPECT_THAT(refusal_of(SGD{.nesterov = true}), HasSubstr("momentum above 0"));
  EXPECT_THAT(refusal_of(Adam{.clipping = {.clipvalue = 0}}), HasSubstr("clipvalue is 0"));
  EXPECT_THAT(refusal_of(Adam{.clipping = {.clipvalue = 1, .global_clipnorm = 1}}),
              HasSubstr("clipvalue and global_clipnorm are both set"));
}

TEST(Optimizer, TextNamesWhatIsNotUsual) {
  EXPECT_EQ(to_string(Optimizer{Adam{.clipping = {.clipvalue = 0.5}}}),
            "adam(learning_rate=0.001, clipvalue=0.5)");
  EXPECT_EQ(to_string(Optimizer{SGD{.learning_rate = 0.1, .momentum = 0.9, .nesterov = true}}),
            "sgd(learning_rate=0.1, momentum=0.9, nesterov=true)");
  EXPECT_EQ(learning_rate_of(with_learning_rate(SGD{}, 0.25)), 0.25);
}

TEST(Optimizer, EachIsParsedFromItsText) {
  for (const Optimizer& usual : optimizer_list()) {
    EXPECT_EQ(to_string(parse_optimizer(name_of(usual))), to_string(usual));
    EXPECT_EQ(text_of(usual), name_of(usual));
  }
  const Optimizer sgd = parse_optimizer("sgd:momentum=0.9:nesterov=true:learning_rate=0.5");
  EXPECT_EQ(to_string(sgd), "sgd(learning_rate=0.5, momentum=0.9, nesterov=true)");
  EXPECT_EQ(text_of(sgd), "sgd:momentum=0.9:nesterov=true");
  EXPECT_THROW(parse_optimizer("sgd:nesterov=maybe"), InvalidArgument);
  EXPECT_THROW(parse_optimizer("sgd:nesterov=true"), InvalidArgument);
  EXPECT_THROW(parse_optimizer("sgd:"), InvalidArgument);
  EXPECT_THROW(parse_optimizer("SGD"), InvalidArgument);
}

TEST(Loss, IsMadeOfANameAndItsParameters) {
  const Loss huber = parse_loss("huber:delta=2.5");
  EXPECT_EQ(huber, losses::Huber{.delta = 2.5});
  EXPECT_NE(huber, losses::Huber{});
  EXPECT_EQ(to_string(huber), "huber:delta=2.5");
  EXPECT_EQ(to_string(Loss(losses::CategoricalCrossentropy{.from_logits = true})),
            "categorical_crossentropy:from_logits=true");
  EXPECT_THROW(parse_loss("huber:delta=0"), InvalidArgument);
  EXPECT_THROW(parse_loss("binary_crossentropy:label_smoothing=1"), InvalidArgument);
  EXPECT_THROW(parse_loss("mean_squared_error:delta=1"), InvalidArgument);
  EXPECT_THROW(validate(Loss(losses::Huber{.delta = -1})), InvalidArgument);
}

TEST(Names, GoBothWaysAndErrorsNameTheNearest) {
  for (const Loss& loss : loss_list()) EXPECT_EQ(parse_loss(to_string(loss)), loss);
  for (const std::string_view name : ListedMetrics::kNames) {
    EXPECT_EQ(to_string(parse_metric(name)), name);
  }
  for (const auto name : {"fp32", "tf32", "bf16"}) {
    EXPECT_EQ(to_string(parse_precision(name)), name);
  }
  try {
    parse_loss("binary_crosentropy");
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_STREQ(error.what(),
                 "unknown loss 'binary_crosentropy': did you mean binary_crossentropy?");
  }
  try {
    parse_precision("double");
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_STREQ(error.what(), "unknown precision 'double': choose fp32, tf32 or bf16");
  }
}

}  // namespace
}  // namespace saltus
