// A program that links the library may have any locale: what is read and written is the same.
#include <clocale>
#include <cstdlib>
#include <locale>
#include <map>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/accuracy.h>
#include <saltus/error.h>
#include <saltus/graph.h>
#include <saltus/progress.h>
#include <saltus/report.h>

#include "core/file.h"
#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

using testing::HasSubstr;

/// A C and C++ locale for as long as this lives.
class Locale {
 public:
  explicit Locale(const std::string& name) {
    EXPECT_EQ(setenv("LOCPATH", SALTUS_LOCALES, 1), 0);
    EXPECT_EQ(setenv("LC_ALL", name.c_str(), 1), 0);  // for gnuplot
    EXPECT_NE(std::setlocale(LC_ALL, name.c_str()), nullptr) << name;
    std::locale::global(std::locale(name));
  }
  Locale(const Locale&) = delete;
  Locale& operator=(const Locale&) = delete;
  ~Locale() {
    std::locale::global(std::locale::classic());
    std::setlocale(LC_ALL, "C");
    unsetenv("LC_ALL");
  }
};

std::string content(const std::filesystem::path& file) {
  return read_file(file, 1 << 24);
}

/// Everything that the library reads and writes in text, by what it is.
std::map<std::string, std::string> texts() {
  std::map<std::string, std::string> all;
  const ScratchFolder folder(std::filesystem::temp_directory_path());
  const auto note = [&](const std::string& name) { all[name] = content(folder.path() / name); };

  SweepConfig config = test::small_config();
  // Capitals: I is no i in Turkish. Parameters: half of them are fractions.
  config.activations = {Activation::parse("SILU"), Activation::parse("Leaky-ReLU:alpha=0.2"),
                        Activation::parse("ELU:ALPHA=1.25e-1")};
  config.learning_rates = {0.00123456789, 12345.678};
  const ImageDataset data = test::small_data();
  const SweepPlan plan = plan_sweep(config, data);
  std::vector<TrialResult> trials;
  for (const TrialSpec& trial : plan.trials) {
    trials.push_back(
        test::finished(trial, {0.5, 0.015625 + 1e-9 * static_cast<double>(trial.seed)}));
  }
  const SweepResult result = summarize_sweep(plan, trials);
  write_results_json(folder.path() / "results.json", result);
  note("results.json");
  write_history_csv(folder.path() / "history.csv", result);
  note("history.csv");
  write_sweep_json(folder.path() / "sweep.json", plan, {});
  note("sweep.json");

  // And back.
  const SweepConfig read = read_sweep_json(folder.path() / "sweep.json").config;
  EXPECT_EQ(read.activations, config.activations);
  EXPECT_EQ(read.learning_rates, config.learning_rates);
  const std::vector<TrialResult> again = read_results_json(folder.path() / "results.json");
  EXPECT_EQ(again.size(), trials.size());
  for (const TrialResult& trial : again) {
    EXPECT_EQ(trial.history.history.at("val_loss").at(0), 0.5);
    EXPECT_EQ(trial.seconds, 1.5);
  }

  const std::vector<Curve> curves = {compute_curve(config.activations[1], {.points = 11})};
  write_curves_csv(folder.path() / "curves.csv", curves);
  note("curves.csv");
  draw_curves(folder.path(), curves);
  note("curves.svg");

  all["accuracy"] = accuracy_table(std::vector{
      measure_accuracy(Activation::parse("GELU_TANH"), {.stride = 40000003, .threads = 1})});
  all["summary"] = network_of({}, {.activation = config.activations[2]}, {28, 28, 1}, 10).summary();

  std::ostringstream stream;  // takes the global locale, and its points between thousands
  std::chrono::steady_clock::time_point now;
  ProgressBarOptions options;
  options.columns = 100;
  options.now = [&] { return now; };
  ProgressBar bar(stream, true, options);
  bar.update(1, 123456789);
  now += std::chrono::milliseconds(1234567);
  bar.update(12345678, 123456789, {"loss 0.5"});
  bar.finish();
  all["progress"] = stream.str();

  try {
    Activation::parse("elu:alpha=0,5");
  } catch (const InvalidArgument& error) {
    all["refused"] = error.what();
  }
  try {
    read_file(folder.path() / "nothing", 1);
  } catch (const DataError& error) {
    all["missing"] = std::string(error.what()).substr(std::string(error.what()).rfind(':'));
  }
  return all;
}

TEST(Locales, ChangeNothing) {
  const std::map<std::string, std::string> expected = texts();
  EXPECT_THAT(expected.at("results.json"), HasSubstr("\"alpha\": 0.2\n"));
  EXPECT_THAT(expected.at("results.json"), HasSubstr("\"silu\""));
  EXPECT_THAT(expected.at("sweep.json"), HasSubstr("\"elu:alpha=0.125\""));
  EXPECT_THAT(expected.at("sweep.json"), HasSubstr("0.00123456789"));
  EXPECT_THAT(expected.at("refused"), HasSubstr("must be a number, not '0,5'"));
  EXPECT_THAT(expected.at("progress"), HasSubstr("12345678/123456789"));
  EXPECT_EQ(expected.at("missing"), ": No such file or directory");
  // A comma; I and i; a decimal point of two bytes.
  for (const char* name : {"de_DE.UTF-8", "tr_TR.UTF-8", "ps_AF.UTF-8"}) {
    SCOPED_TRACE(name);
    const Locale locale(name);
    // That the locale is there, and does what this test is about.
    EXPECT_NE(std::string(std::localeconv()->decimal_point), ".");
    const std::map<std::string, std::string> found = texts();
    for (const auto& [what, text] : expected) EXPECT_EQ(found.at(what), text) << what;
  }
}

}  // namespace
}  // namespace saltus
