// Sweeps over tables: what the task makes of the network, its figures and its ranking.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <gmock/gmock.h>

#include <saltus/model.h>
#include <saltus/report.h>
#include <saltus/sweep.h>

#include "core/file.h"
#include "sweep/plan.h"
#include "sweep/settings.h"
#include "sweep/trial_model.h"
#include "tests/engine/error_of.h"
#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t kRows = 64;

/// Rows of three columns of very different sizes, the last of which never changes.
ImageSet rows(std::int64_t count, int first) {
  ImageSet set;
  set.count = count;
  set.height = 1;
  set.width = 1;
  set.channels = 3;
  std::vector<float> values;
  for (int i = first; i < first + count; ++i) {
    values.push_back(static_cast<float>(1000 + 10 * (i % 8)));
    values.push_back(static_cast<float>(0.001 * (i * 7 % 11)));
    values.push_back(5);
  }
  set.pixels = std::move(values);
  set.images_md5 = "rows" + std::to_string(first);
  set.labels_md5 = "targets" + std::to_string(first);
  return set;
}

/// What `value` gives for the first two columns of each row.
template <class Value>
ImageDataset table(Task task, std::vector<std::string> names, Value value) {
  ImageDataset data{.name = "table", .title = {}, .source = "t.csv", .train = {}, .test = {}};
  data.target = names.front();
  data.task = task;
  data.target_names = std::move(names);
  data.train = rows(kRows, 0);
  data.test = rows(32, 1000);
  for (ImageSet* set : {&data.train, &data.test}) {
    const auto& inputs = std::get<std::vector<float>>(set->pixels);
    for (std::int64_t i = 0; i < set->count; ++i) {
      const auto place = static_cast<std::size_t>(3 * i);
      value(*set, (inputs[place] - 1035) / 23, (inputs[place + 1] - 0.005F) * 300);
    }
  }
  return data;
}

ImageDataset regression() {
  return table(Task::regression, {"price"}, [](ImageSet& set, float a, float b) {
    set.targets.push_back(50'000 + 9'000 * a - 4'000 * b);
  });
}
ImageDataset two_numbers() {
  return table(Task::regression, {"price", "age"}, [](ImageSet& set, float a, float b) {
    set.targets.push_back(50'000 + 9'000 * a);
    set.targets.push_back(b);
  });
}
ImageDataset binary() {
  ImageDataset data = table(Task::binary, {"kind"}, [](ImageSet& set, float a, float b) {
    set.labels.push_back(a + b > 0.3 ? 1 : 0);
  });
  data.classes = 2;
  data.class_names = {"no", "yes"};
  return data;
}
ImageDataset labels() {
  return table(Task::multi_label, {"sun", "sea"}, [](ImageSet& set, float a, float b) {
    set.targets.push_back(a > 0 ? 1 : 0);
    set.targets.push_back(b > 0 ? 1 : 0);
  });
}

SweepConfig config_for(const ImageDataset& data) {
  SweepConfig config = test::small_config();
  config.architecture = architectures::Mlp{.depth = 1, .width = 16, .dropout = 0};
  config.recipe = Recipe::matched;
  config.loss = usual_loss(data.task);
  config.standardize = true;
  config.learning_rates = {0.05};
  config.epochs = {30};
  config.seeds = 3;
  return config;
}

const Layer& end_of(const SweepPlan& plan) {
  const train::Entry entry = entry_of(plan.config, *plan.data, plan.settings[0], 0);
  static Layer last = Activation("linear");
  last = entry.graph.output().layer;
  return last;
}

TEST(Tasks, DecideTheEndOfTheNetwork) {
  const SweepPlan numbers = plan_sweep(config_for(regression()), regression());
  EXPECT_TRUE(std::holds_alternative<layers::Dense>(end_of(numbers)));
  const SweepPlan two = plan_sweep(config_for(binary()), binary());
  EXPECT_EQ(std::get<Activation>(end_of(two)), Activation("sigmoid"));
  const SweepPlan several = plan_sweep(config_for(labels()), labels());
  EXPECT_EQ(std::get<Activation>(end_of(several)), Activation("sigmoid"));
  EXPECT_EQ(outputs_of(*several.data), 2);
}

TEST(Tasks, RefuseALossThatDoesNotFit) {
  const auto refusal = [](const ImageDataset& data, const Loss& loss) {
    SweepConfig config = config_for(data);
    config.loss = loss;
    return error_of([&] { plan_sweep(config, data); });
  };
  EXPECT_THAT(refusal(regression(), losses::BinaryCrossentropy{}),
              HasSubstr("the target price makes the task regression, whose network ends with "
                        "linear units and whose loss is mean_squared_error, "));
  EXPECT_THAT(refusal(binary(), losses::CategoricalCrossentropy{}),
              HasSubstr("ends with one sigmoid unit and whose loss is binary_crossentropy or a"));
  EXPECT_THAT(refusal(labels(), losses::CategoricalCrossentropy{}),
              HasSubstr("a sigmoid unit for each label"));
  for (const Loss& loss : {Loss(losses::Huber{}), Loss::formula("abs(y - t)^1.5")}) {
    SweepConfig config = config_for(regression());
    config.loss = loss;
    config.epochs = {1};
    const SweepResult result = run_sweep(plan_sweep(config, regression()));
    const History& history = result.settings[0].trials[0].history;
    // The root of the mean square is no less than the mean.
    EXPECT_GE(history.at("val_root_mean_squared_error")[0],
              history.at("val_mean_absolute_error")[0]);
  }
  SweepConfig watching = config_for(binary());
  watching.early_stopping = {.monitor = "val_categorical_accuracy"};
  EXPECT_THAT(error_of([&] { plan_sweep(watching, binary()); }),
              HasSubstr("the figures of the task binary are binary_accuracy, loss"));
  ImageDataset constant = regression();
  for (float& target : constant.train.targets) target = 3;
  EXPECT_THAT(error_of<DataError>([&] { plan_sweep(config_for(constant), constant); }),
              HasSubstr("the target price is 3 in all 64 training rows"));
}

TEST(Tasks, ARegressionIsRankedByItsErrorInTheUnitOfTheTarget) {
  const ImageDataset data = regression();
  SweepConfig config = config_for(data);
  config.learning_rates = {1e-5, 0.05};  // the first learns nothing
  const SweepResult result = run_sweep(plan_sweep(config, data));
  ASSERT_TRUE(result.complete);
  EXPECT_EQ(result.score.figure, "root_mean_squared_error");
  EXPECT_EQ(result.compared_by, "val_root_mean_squared_error");
  const SettingResult& idle = result.settings[0];
  const SettingResult& good = result.settings[1];
  EXPECT_GT(*idle.rank, *good.rank);
  // Standard deviations are about 9000 a and 4000 b.
  EXPECT_GT(idle.last.at("val_root_mean_squared_error").mean, 5'000);
  EXPECT_LT(good.last.at("val_root_mean_squared_error").mean, 1'500);
  EXPECT_GT(good.best_epoch, 1);
  EXPECT_GT(idle.to_best->difference, 3'000) << "this one minus the best";
  EXPECT_FALSE(idle.to_best->new_images);
  EXPECT_TRUE(good.confusion.empty());
  const RankingTable table = ranking_table(result);
  EXPECT_EQ(table.columns[2].title, "RMSE");
  EXPECT_EQ(table.settings.front(), static_cast<std::size_t>(*good.rank == 1 ? 1 : 3));
}

/// By hand: figures of standardised targets times their deviation.
TEST(Tasks, ErrorsAreThoseOfTheModelThatIsKept) {
  const ImageDataset data = regression();
  SweepConfig config = config_for(data);
  config.validation_split = 0.25;
  config.ema_momenta = {0, 0.5};
  const ScratchFolder folder(std::filesystem::temp_directory_path());
  const SweepPlan plan = plan_sweep(config, data);
  ASSERT_TRUE(plan.input_moments && plan.target_moments);
  EXPECT_EQ(plan.input_moments->variance[2], 0);
  const SweepResult result = run_sweep(plan, {.folder = folder.path(), .save = SavedModels::last});
  for (const SettingResult& setting : result.settings) {
    const TrialResult& trial = setting.trials[0];
    Model model =
        Model::load(folder.path() / "models" / (trial.id + ".safetensors"), {.threads = 1});
    const std::vector<float> outputs = model.predict(data.test);
    double squares = 0;
    for (std::size_t i = 0; i < outputs.size(); ++i)
      squares += std::pow(outputs[i] - data.test.targets[i], 2) / 32;
    EXPECT_NEAR(std::sqrt(squares), trial.test.at("root_mean_squared_error"),
                1e-4 * std::sqrt(squares));
    EXPECT_NEAR(model.evaluate(data.test).at("mean_absolute_error"),
                trial.test.at("mean_absolute_error"), 1e-3 * std::sqrt(squares));
    // What never changed in training is passed as 0, and so are other values later.
    ImageDataset other = data;
    for (std::size_t i = 2; i < 96; i += 3)
      std::get<std::vector<float>>(other.test.pixels)[i] = 900;
    EXPECT_EQ(model.predict(other.test), outputs);
  }
}

TEST(Tasks, StandardizeByWhatIsTrainedOnAlone) {
  ImageDataset data = regression();
  SweepConfig config = config_for(data);
  config.train_limit = 40;
  config.validation_split = 0.25;  // 30 rows are trained on
  const SweepPlan plan = plan_sweep(config, data);
  const auto& inputs = std::get<std::vector<float>>(data.train.pixels);
  const FeatureMoments expected = moments_of(std::span(inputs).first(90), 3);
  EXPECT_EQ(plan.input_moments->mean, expected.mean);
  EXPECT_EQ(plan.input_moments->variance, expected.variance);
  EXPECT_EQ(plan.target_moments->mean, moments_of(std::span(data.train.targets).first(30), 1).mean);
  config.standardize = false;
  EXPECT_FALSE(plan_sweep(config, data).input_moments);
}

TEST(Tasks, OfSeveralNumbersErrorsAreInDeviations) {
  const ImageDataset data = two_numbers();
  SweepConfig config = config_for(data);
  config.activations = {Activation("relu")};
  config.epochs = {1};
  config.learning_rates = {1e-6};
  const SweepResult result = run_sweep(plan_sweep(config, data));
  const TrialResult& trial = result.settings[0].trials[0];
  EXPECT_NEAR(trial.history.at("val_root_mean_squared_error")[0],
              std::sqrt(trial.history.at("val_loss")[0]), 1e-12);
  EXPECT_LT(trial.history.at("val_root_mean_squared_error")[0], 3);
}

TEST(Tasks, OfTwoClassesAndOfLabelsTheBinaryAccuracyRanks) {
  for (const ImageDataset& data : {binary(), labels()}) {
    SweepConfig config = config_for(data);
    config.validation_split = 0.25;
    const SweepResult result = run_sweep(plan_sweep(config, data));
    ASSERT_TRUE(result.complete);
    EXPECT_EQ(result.compared_by, "test_binary_accuracy");
    const SettingResult& setting = result.settings[0];
    EXPECT_GT(setting.last.at("test_binary_accuracy").mean, 0.8);
    EXPECT_EQ(setting.last.count("val_categorical_accuracy"), 0u);
    if (data.task == Task::multi_label) {
      EXPECT_TRUE(setting.confusion.empty());
      continue;
    }
    const TrialResult& trial = setting.trials[0];
    ASSERT_EQ(trial.correct.size(), 32u);
    EXPECT_DOUBLE_EQ(static_cast<double>(std::ranges::count(trial.correct, true)) / 32,
                     trial.test.at("binary_accuracy"));
    const Confusion& confusion = trial.confusion;
    EXPECT_DOUBLE_EQ((confusion.at(0, 0) + confusion.at(1, 1)) / 16,
                     trial.history.at("val_binary_accuracy").back());
  }
}

TEST(Tasks, DecideBetweenErrors) {
  const ImageDataset data = regression();
  SweepConfig config = config_for(data);
  config.activations = {Activation("relu")};
  config.learning_rates = {1e-5, 0.05};
  config.until_decided.emplace();
  const SweepResult result = run_sweep(plan_sweep(config, data));
  ASSERT_TRUE(result.verdict);
  EXPECT_TRUE(result.verdict->decided);
  EXPECT_EQ(result.verdict->leader, 1u);
  EXPECT_GT(result.verdict->settings[0].difference, 3'000);
  EXPECT_GT(result.verdict->epsilon, 0);
  const std::string text = text_of(*result.verdict, setting_labels(result), result.score);
  EXPECT_THAT(text, HasSubstr("relu, lr 0.05 is best by RMSE"));
  EXPECT_THAT(text, Not(HasSubstr("points")));
}

std::string text_in(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Tasks, FilesSpeakOfErrors) {
  const ImageDataset data = regression();
  const SweepConfig config = config_for(data);
  const ScratchFolder folder(std::filesystem::temp_directory_path());
  const SweepPlan plan = plan_sweep(config, data);
  SweepWriter writer(folder.path(), plan, {});
  const SweepResult result = run_sweep(
      plan,
      {.callbacks = [&](const TrialSpec& trial) { return std::vector{writer.callback(trial)}; },
       .on_trial_end = [&](const TrialSpec& trial, const TrialResult& ended,
                           std::span<const TrialResult> all) { writer.add(trial, ended, all); }});
  writer.write(result);
  EXPECT_THAT(text_in(folder.path() / "history.csv"),
              HasSubstr(",loss,root_mean_squared_error,mean_absolute_error,val_loss,"
                        "val_root_mean_squared_error,val_mean_absolute_error,seconds,"));
  EXPECT_THAT(text_in(folder.path() / "results.json"),
              HasSubstr("\"ranked_by\": \"val_root_mean_squared_error\""));
  const StoredSweep stored = read_sweep(folder.path());
  EXPECT_EQ(stored.plan.data->task, Task::regression);
  EXPECT_TRUE(stored.plan.config.standardize);
  EXPECT_EQ(results_digest(stored.result), results_digest(result));
  const std::string page = report_html(stored);
  EXPECT_THAT(page, HasSubstr("has the lowest mean RMSE after the last epoch"));
  EXPECT_THAT(page, HasSubstr("inputs and targets by mean and standard deviation"));
  for (const char* of_classes : {"accuracy", "Chance", "percentage points", "Confused"})
    EXPECT_THAT(page.substr(page.find("<h1>"), page.find("<script>") - page.find("<h1>")),
                Not(HasSubstr(of_classes)));
  EXPECT_THAT(draw_sweep(folder.path(), plan, result),
              ElementsAre("loss.svg", "loss.png", "diagnostics.svg", "diagnostics.png"));
}

/// Interrupts a trial behind its eleventh epoch.
class Interrupter : public Callback {
 public:
  explicit Interrupter(std::atomic<bool>& interrupt) : interrupt_(interrupt) {}
  void on_epoch_end(int epoch, const Logs& /*logs*/, TrainingControl& /*control*/) override {
    if (epoch == 10) interrupt_ = true;
  }

 private:
  std::atomic<bool>& interrupt_;
};

TEST(Tasks, AreResumedWithTheSameBits) {
  const ImageDataset data = regression();
  SweepConfig config = config_for(data);
  config.activations = {Activation("relu")};
  config.seeds = 1;
  const SweepPlan plan = plan_sweep(config, data);
  const SweepResult whole = run_sweep(plan);
  const ScratchFolder folder(std::filesystem::temp_directory_path());
  std::atomic<bool> interrupt = false;
  const CallbackPtr stop = std::make_shared<Interrupter>(interrupt);
  run_sweep(plan, {.callbacks = [&](const TrialSpec&) { return std::vector{stop}; },
                   .interrupt = &interrupt,
                   .folder = folder.path()});
  ASSERT_TRUE(interrupt);
  const SweepResult resumed = run_sweep(plan, {.folder = folder.path(), .resume = true});
  EXPECT_EQ(results_digest(resumed), results_digest(whole));
}

}  // namespace
}  // namespace saltus
