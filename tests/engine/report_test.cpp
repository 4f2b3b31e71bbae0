// The files of a sweep.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/report.h>

#include "core/file.h"
#include "report/sweep_texts.h"
#include "tests/engine/error_of.h"
#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ReportTest : public testing::Test {
 protected:
  std::string text(const char* name) const { return read_file(folder_ / name, 1 << 24); }

  static SweepConfig config() {
    SweepConfig config = test::small_config();
    config.activations[1] = Activation::parse("elu:alpha=0.2");
    config.seeds = 2;
    return config;
  }

  static SweepPlan plan() { return plan_sweep(config(), test::small_data()); }

  static SweepResult result() {
    const SweepPlan plan = ReportTest::plan();
    std::vector<TrialResult> trials;
    for (const TrialSpec& trial : plan.trials) {
      const double last = 0.5 + 0.1 * static_cast<double>(trials.size());
      trials.push_back(test::finished(trial, {0.25, last}));
    }
    trials[3].status = TrialStatus::diverged;
    trials[3].divergence = Divergence{.epoch = 1, .step = 5, .tensor = "dense/kernel"};
    trials[3].history.history["val_loss"][1] = std::numeric_limits<double>::infinity();
    return summarize_sweep(plan, trials);
  }

  ScratchFolder scratch_{fs::temp_directory_path()};
  const fs::path& folder_ = scratch_.path();
};

TEST_F(ReportTest, HistoryHasARowForEachTrialAndEpoch) {
  write_history_csv(folder_ / "history.csv", result());
  std::istringstream lines(text("history.csv"));
  std::vector<std::string> rows;
  for (std::string line; std::getline(lines, line);) rows.push_back(line);
  ASSERT_EQ(rows.size(), 1u + 2 * 2 * 2);
  EXPECT_EQ(
      rows[0],
      "activation,parameters,seed,epoch,loss,binary_accuracy,categorical_accuracy,val_loss,"
      "val_binary_accuracy,val_categorical_accuracy,seconds,images_per_second,clipped,"
      "initializer,batch_norm,dropout,optimizer,learning_rate,schedule,ema_momentum,clipping,batch_"
      "size,trial");
  EXPECT_THAT(rows[1], testing::StartsWith("relu,,0,1,0.25,0.25,"));
  EXPECT_THAT(rows[8], testing::StartsWith("elu,alpha=0.2,1,2,0.8,0.8,0.8,inf,"));
  EXPECT_THAT(rows[8], HasSubstr(",recipe,no,network,adam,0.001,constant,0,clipvalue=0.5,16,"));
}

TEST_F(ReportTest, HistoryHasEachFigureInItsColumn) {
  SweepResult results = result();
  TrialResult& trial = results.settings[0].trials[0];
  std::map<std::string, std::string> expected = {{"activation", "relu"},
                                                 {"parameters", ""},
                                                 {"seed", "0"},
                                                 {"epoch", "1"},
                                                 {"clipped", "907"},
                                                 {"learning_rate", "0.001"},
                                                 {"batch_size", "16"},
                                                 {"clipping", "clipvalue=0.5"},
                                                 {"initializer", "recipe"},
                                                 {"batch_norm", "no"},
                                                 {"dropout", "network"},
                                                 {"optimizer", "adam"},
                                                 {"schedule", "constant"},
                                                 {"ema_momentum", "0"},
                                                 {"trial", trial.id}};
  // No two alike; the column of the learning rate is the setting's.
  const std::pair<const char*, double> figures[] = {{"loss", 901},
                                                    {"binary_accuracy", 902},
                                                    {"categorical_accuracy", 903},
                                                    {"val_loss", 904},
                                                    {"val_binary_accuracy", 905},
                                                    {"val_categorical_accuracy", 906},
                                                    {"clipped", 907},
                                                    {"seconds", 908},
                                                    {"images_per_second", 909},
                                                    {"learning_rate", 910}};
  for (const auto& [name, value] : figures) {
    trial.history.history.at(name)[0] = value;
    expected.emplace(name, fmt::format("{}", value));
  }
  write_history_csv(folder_ / "history.csv", results);
  const auto cells_of = [](const std::string& line) {
    std::vector<std::string> cells;
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
    return cells;
  };
  std::istringstream lines(text("history.csv"));
  std::string header;
  std::string row;
  std::getline(lines, header);
  std::getline(lines, row);
  const std::vector<std::string> names = cells_of(header);
  const std::vector<std::string> cells = cells_of(row);
  ASSERT_EQ(cells.size(), names.size());
  std::map<std::string, std::string> written;
  for (std::size_t i = 0; i < names.size(); ++i) written.emplace(names[i], cells[i]);
  EXPECT_EQ(written, expected);
}

TEST_F(ReportTest, HistoryWritesWhatIsNoNumberWithoutASign) {
  SweepResult with_nan = result();
  with_nan.settings[1].trials[1].history.history["val_loss"][1] =
      -std::numeric_limits<double>::quiet_NaN();
  write_history_csv(folder_ / "history.csv", with_nan);
  EXPECT_THAT(text("history.csv"), HasSubstr(",0.8,0.8,0.8,nan,0.8,"));
  EXPECT_THAT(text("history.csv"), Not(HasSubstr("-nan")));
}

TEST_F(ReportTest, ResultsComeBackAsTheyWere) {
  const SweepResult before = result();
  write_results_json(folder_ / "results.json", before);
  const std::vector<TrialResult> after = read_results_json(folder_ / "results.json");
  ASSERT_EQ(after.size(), 4u);
  const TrialResult& first = before.settings[0].trials[0];
  EXPECT_EQ(after[0].id, first.id);
  EXPECT_EQ(after[0].seed, first.seed);
  EXPECT_EQ(after[0].status, TrialStatus::ok);
  EXPECT_EQ(after[0].seconds, 1.5);
  EXPECT_EQ(after[0].history.epoch, first.history.epoch);
  EXPECT_EQ(after[0].history.history, first.history.history);
  EXPECT_EQ(after[3].status, TrialStatus::diverged);
  EXPECT_EQ(after[3].divergence->tensor, "dense/kernel");
  EXPECT_EQ(after[3].divergence->epoch, 1);
  EXPECT_EQ(after[3].divergence->step, 5);
  EXPECT_TRUE(std::isnan(after[3].history.at("val_loss")[1]));  // JSON has no infinity
}

TEST_F(ReportTest, ResultsHoldTheStatistics) {
  write_results_json(folder_ / "results.json", result());
  const auto json = nlohmann::json::parse(text("results.json"));
  EXPECT_EQ(json.at("format"), "saltus-results");
  EXPECT_EQ(json.at("complete"), true);
  const auto& relu = json.at("settings").at(0);
  EXPECT_EQ(relu.at("activation"), "relu");
  EXPECT_EQ(relu.at("rank"), 1);
  EXPECT_EQ(relu.at("best_epoch").at("epoch"), 2);
  const auto& last = relu.at("last").at("val_categorical_accuracy");
  EXPECT_EQ(last.at("n"), 2);
  EXPECT_NEAR(last.at("mean").get<double>(), 0.6, 1e-12);
  EXPECT_NEAR(last.at("sd").get<double>(), 0.1 * std::sqrt(2.0), 1e-12);
  EXPECT_TRUE(last.at("interval_95").is_null());  // two seeds say nothing of chance
  const auto& elu = json.at("settings").at(1);
  EXPECT_EQ(elu.at("parameters").at("alpha"), 0.2);
  EXPECT_EQ(elu.at("status"), "diverged");
  EXPECT_TRUE(elu.at("last").at("val_categorical_accuracy").at("sd").is_null());
  EXPECT_EQ(elu.at("trials").at(1).at("divergence").at("epoch"), 2);
  EXPECT_EQ(elu.at("trials").at(1).at("divergence").at("tensor"), "dense/kernel");
}

// Four test images a digit, and what is left.
TEST_F(ReportTest, ResultsHoldWhichTestImagesAreRight) {
  SweepResult right = result();
  right.settings[0].trials[0].correct = {true, false, false, true, true};
  write_results_json(folder_ / "results.json", right);
  auto json = nlohmann::json::parse(text("results.json"));
  auto& correct = json.at("settings").at(0).at("trials").at(0).at("correct");
  EXPECT_EQ(correct.at("images"), 5);
  EXPECT_EQ(correct.at("bits"), "98");
  const auto read = [&] { return parse_results_json(json.dump(), "results.json"); };
  EXPECT_THAT(read().at(0).correct, testing::ElementsAre(true, false, false, true, true));
  correct.at("images") = 9;
  EXPECT_THAT(error_of<DataError>(read), HasSubstr("2 hexadecimal digits are not 9 test images"));
  correct.at("images") = 5;
  correct.at("bits") = "9x";
  EXPECT_THAT(error_of<DataError>(read), HasSubstr("'x' is no hexadecimal digit"));
}

TEST_F(ReportTest, ResultsHoldEachNumberOfAComparison) {
  SweepResult compared = result();
  compared.settings[1].to_best = PairedComparison{{.difference = -0.1,
                                                   .interval = {-0.3, 0.2},
                                                   .t = -2.5,
                                                   .degrees_freedom = 4,
                                                   .p = 0.01,
                                                   .cohens_d = -1.5},
                                                  0.02};
  compared.settings[1].to_baseline = compared.settings[1].to_best;
  compared.settings[1].to_baseline->difference = 0.25;
  compared.settings[1].to_baseline->new_images = Interval{0.125, 0.375};
  write_results_json(folder_ / "results.json", compared);
  const auto to_best =
      nlohmann::json::parse(text("results.json")).at("settings").at(1).at("to_best");
  const nlohmann::json expected = {
      {"n", 5},          {"difference", -0.1}, {"interval_95", {-0.3, 0.2}},
      {"t", -2.5},       {"p", 0.01},          {"p_holm", 0.02},
      {"cohens_d", -1.5}};
  EXPECT_EQ(to_best, expected);
  const auto settings = nlohmann::json::parse(text("results.json")).at("settings");
  EXPECT_EQ(settings.at(1).at("to_baseline").at("difference"), 0.25);
  EXPECT_EQ(settings.at(1).at("to_baseline").at("interval_95_new_images"),
            (nlohmann::json{0.125, 0.375}));
  EXPECT_TRUE(settings.at(0).at("to_baseline").is_null());
}

/// What stands in backquotes in the first column of the first table behind a heading of
/// docs/sweep-output.md.
std::vector<std::string> documented(std::string_view heading) {
  const std::string page = read_file(SALTUS_SOURCE_DIR "/docs/sweep-output.md", 1 << 20);
  std::istringstream lines(page.substr(page.find(heading)));
  std::vector<std::string> names;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with('|')) {
      if (names.empty()) continue;
      break;
    }
    std::string_view cell = std::string_view(line).substr(1, line.find('|', 1) - 1);
    for (std::size_t begin = cell.find('`'); begin != cell.npos; begin = cell.find('`')) {
      const std::size_t end = cell.find('`', begin + 1);
      names.emplace_back(cell.substr(begin + 1, end - begin - 1));
      cell.remove_prefix(end + 1);
    }
  }
  return names;
}

TEST_F(ReportTest, EveryFileIsDocumented) {
  std::vector<std::string> files = documented("# What a sweep writes");
  std::erase_if(files, [](const std::string& name) { return name.find('/') != name.npos; });
  EXPECT_EQ(files, sweep_files());
}

TEST_F(ReportTest, EveryFileThatIsKnownIsWritten) {
  const SweepPlan plan = ReportTest::plan();
  SweepResult drawn = result();
  drawn.settings[1].trials[0].history.history["activation/alpha"] = {0.2};
  drawn.settings[1].trials[0].history.history["1:conv2d:dead"] = {0.2, 0.3};
  SweepWriter writer(folder_, plan, {});
  writer.write(drawn);
  draw_sweep(folder_, plan, drawn);
  write_report(folder_ / kReportFile, report_html(read_sweep(folder_)));
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    found.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(found, testing::UnorderedElementsAreArray(sweep_files()));
}

TEST_F(ReportTest, LearnedParametersHaveColumnsAndAPicture) {
  const SweepPlan plan = ReportTest::plan();
  SweepResult learned = result();
  TrialResult& trial = learned.settings[0].trials[0];
  const std::size_t epochs = trial.history.epoch.size();
  trial.history.history["activation_1/beta"] = std::vector<double>(epochs, 1.25);
  learned.settings[0].setting.activation = Activation("swish:beta=learned");
  write_history_csv(folder_ / "history.csv", learned);
  const std::string csv = text("history.csv");
  EXPECT_THAT(csv, HasSubstr(",trial,activation_1/beta\n"));
  EXPECT_THAT(csv, HasSubstr("," + trial.id + ",1.25\n"));
  EXPECT_THAT(csv, HasSubstr("," + learned.settings[1].trials[0].id + ",\n"));
  draw_sweep(folder_, plan, learned);
  const std::string svg = text("parameters.svg");
  for (const char* words : {"learned parameters of activations", "activation_1", "beta"})
    EXPECT_THAT(svg, HasSubstr(words));
}

TEST_F(ReportTest, EveryColumnIsDocumented) {
  write_history_csv(folder_ / "history.csv", result());
  const std::string header = text("history.csv");
  EXPECT_EQ(fmt::format("{}", fmt::join(documented("## history.csv"), ",")),
            header.substr(0, header.find('\n')));
}

TEST_F(ReportTest, ABaselineComesBack) {
  SweepConfig config = test::small_config();
  config.activations.push_back(Activation("report_mine = x * tanh(b * x); b = 2 learned"));
  config.baseline = config.activations.back();
  const SweepPlan plan = plan_sweep(config, test::small_data());
  write_sweep_json(folder_ / "sweep.json", plan, {});
  const RecordedSweep recorded = read_sweep_json(folder_ / "sweep.json");
  EXPECT_EQ(recorded.config.baseline, config.baseline);
  EXPECT_EQ(recorded.config.activations, config.activations);
}

TEST_F(ReportTest, ConfigurationComesBackAsItWas) {
  SweepConfig before = config();
  before.clippings = {{}, {.clipvalue = {}, .clipnorm = 2, .global_clipnorm = {}}};
  before.recipe = Recipe::matched;
  before.test_limit = 7;
  before.seed = 12345678901234567890u;
  ImageDataset data = test::small_data();
  data.title = "Halves of images";
  write_sweep_json(folder_ / "sweep.json", plan_sweep(before, data), machine_info());
  const RecordedSweep sweep = read_sweep_json(folder_ / "sweep.json");
  EXPECT_EQ(sweep.data.name, "halves");
  EXPECT_EQ(sweep.data.title, "Halves of images");
  EXPECT_EQ(sweep.data.source, fs::current_path() / "nowhere");
  EXPECT_EQ(sweep.data.classes, 2);
  EXPECT_EQ(sweep.data.train.count, 64);
  EXPECT_EQ(sweep.data.test.count, 32);
  EXPECT_EQ(sweep.data.train.height, 8);
  EXPECT_EQ(sweep.data.train.images_md5, "images1");
  EXPECT_EQ(sweep.data.train.labels_md5, "labels1");
  EXPECT_EQ(sweep.data.test.images_md5, "images2");
  EXPECT_EQ(sweep.data.test.labels_md5, "labels2");
  EXPECT_EQ(sweep.machine.version, version());
  EXPECT_EQ(sweep.machine.cores, machine_info().cores);
  const SweepConfig& after = sweep.config;
  EXPECT_EQ(after.activations, before.activations);
  EXPECT_EQ(after.learning_rates, before.learning_rates);
  EXPECT_EQ(after.clippings[0].clipvalue, std::nullopt);
  EXPECT_EQ(after.clippings[1].clipnorm, 2);
  EXPECT_EQ(after.recipe, Recipe::matched);
  EXPECT_EQ(after.train_limit, std::nullopt);
  EXPECT_EQ(after.test_limit, 7);
  EXPECT_EQ(after.seed, before.seed);
  const auto json = nlohmann::json::parse(text("sweep.json"));
  EXPECT_EQ(json.at("data").at("test").at("images_used"), 7);
  EXPECT_EQ(json.at("data").at("train").at("images_md5"), "images1");
  EXPECT_EQ(json.at("machine").at("saltus"), version());
}

TEST_F(ReportTest, RefusesFilesThatAreNone) {
  const auto refused = [&](const std::string& content, const char* what) {
    std::ofstream(folder_ / "results.json") << content;
    try {
      read_results_json(folder_ / "results.json");
      ADD_FAILURE() << "accepted " << content;
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), HasSubstr("results.json"));
      EXPECT_THAT(error.what(), HasSubstr(what));
    }
  };
  refused("", "cannot be understood");
  refused("{\"format\": ", "cannot be understood");
  refused("{}", "cannot be understood");
  refused(R"({"format": "saltus-sweep", "version": 1})", "not of format saltus-results 1");
  refused(R"({"format": "saltus-results", "version": 99})", "not of format saltus-results 1");
  refused(R"({"format": "saltus-results", "version": 1, "settings": [{"trials": [{"id": 3}]}]})",
          "cannot be understood");
  EXPECT_THROW(read_results_json(folder_ / "none.json"), DataError);
}

/// What parsing says of a text in which one thing was changed.
template <class Parse>
std::string said_of(Parse parse, nlohmann::json json, const char* pointer,
                    const nlohmann::json& value) {
  const nlohmann::json::json_pointer place(pointer);
  EXPECT_TRUE(json.contains(place)) << pointer;
  json[place] = value;
  try {
    parse(json.dump(), "file");
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST_F(ReportTest, AConfigurationIsCheckedAsIfItWereTyped) {
  const auto json = nlohmann::json::parse(sweep_json_text(ReportTest::plan(), machine_info()));
  const auto said = [&](const char* pointer, const nlohmann::json& value) {
    return said_of(parse_sweep_json, json, pointer, value);
  };
  EXPECT_EQ(said("/config/epochs", {3}), "");
  EXPECT_THAT(said("/config/epochs", nlohmann::json::array()), HasSubstr("number of epochs"));
  EXPECT_THAT(said("/config/epochs", {0}), HasSubstr("1 or more"));
  EXPECT_THAT(said("/config/epochs", {2.5}), HasSubstr("2.5 is not a whole number"));
  EXPECT_THAT(said("/config/epochs", {4294967297}), HasSubstr("4294967297 is not a whole number"));
  EXPECT_THAT(said("/config/epochs", 3), HasSubstr("cannot be understood"));
  EXPECT_THAT(said("/config/seeds", -1), HasSubstr("number of seeds"));
  EXPECT_THAT(said("/config/seeds", 1e10), HasSubstr("is not a whole number"));
  EXPECT_THAT(said("/config/seed", -1), HasSubstr("-1 is not a whole number"));
  EXPECT_THAT(said("/config/activations", nlohmann::json::array()), HasSubstr("one activation"));
  EXPECT_THAT(said("/config/activations/0", "rleu"), HasSubstr("relu"));
  EXPECT_THAT(said("/config/learning_rates", {-1}), HasSubstr("learning_rate is -1"));
  EXPECT_THAT(said("/config/learning_rates", {"fast"}), HasSubstr("cannot be understood"));
  EXPECT_THAT(said("/config/clippings", {{{"clipvale", 1}}}), HasSubstr("clipvale"));
  EXPECT_THAT(said("/config/clippings", {{{"clipvalue", 1}, {"clipnorm", 1}}}), HasSubstr("clip"));
  EXPECT_THAT(said("/config/clippings", {{{"clipvalue", -1}}}), HasSubstr("clipvalue is -1"));
  EXPECT_THAT(said("/config/train_limit", 0), HasSubstr("limit of training images"));
  EXPECT_THAT(said("/config/batch_sizes", {9223372036854775808u}), HasSubstr("not a whole number"));
  EXPECT_THAT(said("/config/loss", "categorical_crossentropy:from_logits=true"),
              HasSubstr("cannot be from_logits"));
  EXPECT_THAT(said("/data/train", {}), HasSubstr("cannot be understood"));
  EXPECT_THAT(said("/data/image", {8, 1}), HasSubstr("\"image\" has 2 numbers"));
}

TEST_F(ReportTest, TrialsAreReadOnlyWhereTheyAreWhole) {
  write_results_json(folder_ / "results.json", result());
  const auto json = nlohmann::json::parse(text("results.json"));
  const auto said = [&](const char* pointer, const nlohmann::json& value) {
    return said_of(parse_results_json, json, pointer, value);
  };
  const std::string trial = "/settings/0/trials/0/";
  EXPECT_EQ(said((trial + "seed").c_str(), 7), "");
  EXPECT_THAT(said((trial + "epochs").c_str(), 2000000000), HasSubstr("2 values of"));
  EXPECT_THAT(said((trial + "epochs").c_str(), -1), HasSubstr("2 values of"));
  EXPECT_THAT(said((trial + "history/val_loss").c_str(), {0.5}), HasSubstr("1 values of val_loss"));
  EXPECT_THAT(said((trial + "history").c_str(), nlohmann::json::object()),
              HasSubstr("2 epochs without figures"));
  EXPECT_THAT(said((trial + "history/val_loss/1").c_str(), "low"), HasSubstr("cannot be"));
  EXPECT_THAT(said((trial + "status").c_str(), "fine"), HasSubstr("status of a trial"));
  EXPECT_THAT(said((trial + "seed").c_str(), 0.5), HasSubstr("0.5 is not a whole number"));
}

TEST_F(ReportTest, DrawsPictures) {
  draw_sweep(folder_, plan(), result());
  for (const char* name : {"accuracy.svg", "loss.svg"}) {
    const std::string svg = text(name);
    EXPECT_THAT(svg, HasSubstr("<svg"));
    EXPECT_THAT(svg, HasSubstr("</svg>"));
    EXPECT_THAT(svg, HasSubstr("relu"));
    EXPECT_THAT(svg, HasSubstr("elu:alpha=0.2"));
    EXPECT_THAT(svg, HasSubstr("32 test images"));
    EXPECT_THAT(svg, HasSubstr("epoch"));
    EXPECT_THAT(svg, HasSubstr(name[0] == 'l' ? "binary_crossentropy (log scale)"
                                              : "categorical accuracy, %"));
  }
  for (const char* name : {"accuracy.png", "loss.png"}) {
    EXPECT_EQ(text(name).substr(1, 3), "PNG");
  }
}

TEST_F(ReportTest, PicturesTakeNoFigureThatIsNotFinite) {
  const auto loss_picture = [&](const std::vector<double>& last) {
    SweepResult drawn = result();
    std::vector<double>& losses = drawn.settings[1].trials[1].history.history["val_loss"];
    losses.resize(1);
    losses.insert(losses.end(), last.begin(), last.end());
    draw_sweep(folder_, plan(), drawn);
    return text("loss.svg");
  };
  const std::string without = loss_picture({});
  EXPECT_EQ(loss_picture({std::numeric_limits<double>::quiet_NaN()}), without);
  EXPECT_EQ(loss_picture({std::numeric_limits<double>::infinity()}), without);
  EXPECT_NE(loss_picture({0.1}), without);
}

TEST_F(ReportTest, DrawsWhatHasHardlyBegun) {
  // No trial at all, then one of a single epoch, whose accuracies are 1.
  const SweepPlan plan = ReportTest::plan();
  draw_sweep(folder_, plan, summarize_sweep(plan, {}));
  TrialResult one = test::finished(plan.trials[0], {1.0});
  one.status = TrialStatus::stopped;
  draw_sweep(folder_, plan, summarize_sweep(plan, std::span(&one, std::size_t{1})));
  EXPECT_THAT(text("accuracy.svg"), HasSubstr("</svg>"));
}

}  // namespace
}  // namespace saltus
