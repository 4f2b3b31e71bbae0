#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/confusion.h>
#include <saltus/report.h>

#include "core/file.h"
#include "report/charts.h"
#include "report/report_words.h"
#include "sweep/settings.h"
#include "sweep/trial_model.h"
#include "tests/engine/error_of.h"
#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

Confusion three_classes() {
  const std::vector<std::int32_t> labels = {0, 0, 0, 1, 1, 1, 1, 0};
  const std::vector<std::int32_t> predicted = {0, 1, 1, 1, 2, 0, 1, 0};
  return confusion_of(labels, predicted, 3);
}

TEST(Confusion, CountsImages) {
  const Confusion confusion = three_classes();
  EXPECT_EQ(confusion.counts, (std::vector<double>{2, 2, 0, 1, 2, 1, 0, 0, 0}));
  EXPECT_EQ(confusion.images(1), 4);
  EXPECT_EQ(confusion.accuracy(0), 0.5);
  EXPECT_TRUE(std::isnan(confusion.accuracy(2))) << "a class without images";
}

TEST(Confusion, NamesTheLargestMistakes) {
  const std::vector<Mistake> mistakes = largest_mistakes(three_classes(), 2);
  ASSERT_EQ(mistakes.size(), 2u);
  EXPECT_EQ(text_of(mistakes[0]), "0 as 1, 2 of 4");
  EXPECT_EQ(text_of(mistakes[1]), "1 as 0, 1 of 4") << "of equal ones the first";
  EXPECT_EQ(text_of(Mistake{.label = 4, .predicted = 9, .count = 12.27, .images = 982}),
            "4 as 9, 12.3 of 982");
  const double sum = 0.1 + 0.2 + 106.7;  // not quite 107
  EXPECT_EQ(text_of(Mistake{.label = 3, .predicted = 5, .count = 5, .images = sum}),
            "3 as 5, 5 of 107");
  EXPECT_EQ(largest_mistakes(three_classes(), 9).size(), 3u);
  EXPECT_TRUE(largest_mistakes({}, 9).empty());
}

TEST(Confusion, HasAMean) {
  Confusion other = three_classes();
  other.counts[1] = 4;
  EXPECT_EQ(mean_of(std::vector{three_classes(), Confusion{}, other}).at(0, 1), 3);
  EXPECT_TRUE(mean_of(std::vector{Confusion{}, Confusion{}}).empty());
  const Confusion small = {.classes = 1, .counts = {3}};
  EXPECT_THROW(mean_of(std::vector{small, other}), InvalidArgument);
}

TEST(Confusion, RefusesClassesThatThereAreNot) {
  const std::vector<std::int32_t> labels = {0, 1};
  for (const std::vector<std::int32_t>& wrong :
       {std::vector<std::int32_t>{0}, std::vector<std::int32_t>{0, 2},
        std::vector<std::int32_t>{0, -1}}) {
    EXPECT_THROW(confusion_of(labels, wrong, 2), InvalidArgument);
    if (wrong.size() == 2) {
      EXPECT_THROW(confusion_of(wrong, labels, 2), InvalidArgument);
    }
  }
}

TEST(Confusion, OfATrialIsThatOfItsPredictions) {
  const SweepConfig config = test::small_config();
  const ImageDataset data = test::random_data();
  const SweepResult result = run_sweep(plan_sweep(config, data));
  for (const SettingResult& setting : result.settings) {
    const TrialResult& trial = setting.trials[0];
    train::Trainer trainer({entry_of(config, data, setting.setting, 0)},
                           compile_options(config, Task::multi_class), 16);
    trainer.fit(data.train, {.epochs = 2, .batch_size = 16}, {});
    const std::vector<float> outputs = trainer.predict(0, data.test, 16);
    std::vector<std::int32_t> predicted;
    for (auto own = outputs.begin(); own != outputs.end(); own += 10)
      predicted.push_back(static_cast<std::int32_t>(std::max_element(own, own + 10) - own));
    const std::vector<std::int32_t>& labels = data.test.labels;
    EXPECT_EQ(trial.confusion.counts, confusion_of(labels, predicted, 10).counts);
    EXPECT_EQ(setting.confusion.counts, trial.confusion.counts);
  }
}

TEST(EvaluatedClasses, AreThoseOfTheWeightsOfNow) {
  const SweepConfig config = test::small_config();
  const ImageDataset data = test::random_data();
  const SweepPlan plan = plan_sweep(config, data);
  train::Trainer trainer({entry_of(config, data, plan.settings[0], 0)},
                         compile_options(config, Task::multi_class), 16);
  const auto predicted = [&] {
    const std::vector<float> outputs = trainer.predict(0, data.test, 16);
    std::vector<std::int32_t> classes;
    for (auto own = outputs.begin(); own != outputs.end(); own += 10)
      classes.push_back(static_cast<std::int32_t>(std::max_element(own, own + 10) - own));
    return classes;
  };
  trainer.evaluate(data.test, 16);
  const std::vector<std::int32_t> first = trainer.evaluated_classes(0, data.test, 16);
  EXPECT_EQ(first, predicted());
  trainer.evaluate(data.test, 16);
  std::vector<float> bias = trainer.get_weight(0, trainer.weights().size() - 1);
  const std::int32_t other = (first[0] + 1) % 10;
  bias[static_cast<std::size_t>(other)] = 100;
  trainer.set_weight(0, trainer.weights().size() - 1, bias);
  EXPECT_EQ(trainer.evaluated_classes(0, data.test, 16), std::vector<std::int32_t>(32, other));
  trainer.evaluate(data.test, 16);
  trainer.fit(data.train, {.epochs = 1, .batch_size = 16}, {});
  EXPECT_EQ(trainer.evaluated_classes(0, data.test, 16), predicted());
}

class ConfusionFiles : public testing::Test {
 protected:
  ConfusionFiles() : plan_(plan_sweep(test::small_config(), test::random_data())) {
    for (const TrialSpec& trial : plan_.trials) {
      trials_.push_back(test::finished(trial, {0.5, 0.75}));
      trials_.back().confusion = three_classes();
    }
  }

  SweepPlan plan_;
  std::vector<TrialResult> trials_;
  ScratchFolder folder_{testing::TempDir()};
};

TEST_F(ConfusionFiles, CsvHasWhatOccurred) {
  write_confusion_csv(folder_.path() / "c.csv",
                      summarize_sweep(plan_, std::span(trials_).first(1)));
  const std::string& id = trials_[0].id;
  std::string expected = "setting,seed,trial,label,predicted,images\n";
  for (const std::string& who : {std::string("relu,mean,"), "relu,0," + id}) {
    for (const char* entry : {"0,0,2", "0,1,2", "1,0,1", "1,1,2", "1,2,1"})
      expected += who + "," + entry + "\n";
  }
  EXPECT_EQ(read_file(folder_.path() / "c.csv", 1 << 20), expected);
}

TEST_F(ConfusionFiles, ResultsOfEarlierVersionsHaveNone) {
  const std::filesystem::path file = folder_.path() / "results.json";
  write_results_json(file, summarize_sweep(plan_, trials_));
  EXPECT_EQ(read_results_json(file)[1].confusion.counts, three_classes().counts);
  EXPECT_THAT(read_file(file, 1 << 20), testing::HasSubstr("\"2 2 0\",\n"));
  for (TrialResult& trial : trials_) trial.confusion = {};
  write_results_json(file, summarize_sweep(plan_, trials_));
  EXPECT_THAT(read_file(file, 1 << 20), testing::Not(testing::HasSubstr("confusion")));
  EXPECT_TRUE(read_results_json(file)[1].confusion.empty());
}

TEST_F(ConfusionFiles, AMatrixThatIsNoSquareIsRefused) {
  const std::filesystem::path file = folder_.path() / "results.json";
  write_results_json(file, summarize_sweep(plan_, trials_));
  const std::string text = read_file(file, 1 << 20);
  for (const auto& [before, after] :
       {std::pair("2 2 0", "2 2"), std::pair("2 2 0", "2 x 0"), std::pair("2 2 0", "2 2 0 0"),
        std::pair("2 2 0", "-2 2 0")}) {
    std::string broken = text;
    for (std::size_t at = broken.find(before); at != std::string::npos;
         at = broken.find(before, at + std::string(after).size()))
      broken.replace(at, std::string(before).size(), after);
    write_file_atomic(file, broken);
    EXPECT_THROW(read_results_json(file), DataError) << after;
  }
}

TEST(ConfusionChart, ShowsEveryCountAndAccuracy) {
  Confusion ten = {.classes = 10, .counts = std::vector<double>(100)};
  for (std::size_t i = 0; i < 10; ++i) ten.counts[i * 10 + i] = 970;
  ten.counts[4 * 10 + 9] = 12.5;
  const std::string chart = confusion_chart(ten, "re<lu");
  EXPECT_THAT(chart, testing::HasSubstr("4 as 9, 12.5 of 982.5"));
  EXPECT_THAT(chart, testing::HasSubstr("98.73 %"));
  EXPECT_THAT(chart, testing::HasSubstr("re&lt;lu"));
  EXPECT_THAT(chart, testing::HasSubstr("class=\"right8\""));
  EXPECT_EQ(mistakes_text(ten, 3), "Most often confused: 4 as 9, 12.5 of 982.5.");
  EXPECT_EQ(mistakes_text({.classes = 2, .counts = {1, 0, 0, 1}}, 3),
            "No image was taken for another class.");
}

}  // namespace
}  // namespace saltus
