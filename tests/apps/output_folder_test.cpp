// Where saltus sweep puts the results when it is not told.
#include <algorithm>
#include <ctime>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <fmt/chrono.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apps/program.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using test::Ended;
using test::Running;
using testing::ElementsAre;
using testing::MatchesRegex;

class OutputFolder : public test::ProgramTest {
 protected:
  static std::vector<std::string> sweep_of(const std::string& data) {
    return {"sweep", "--data", data, "--activations", "relu", "--epochs", "1", "--threads", "1"};
  }

  /// Names of what is in a folder.
  std::set<std::string> names_in(const std::string& folder) const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(path(folder))) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }
};

TEST_F(OutputFolder, HasTheNameOfTheData) {
  fs::create_directories(path("data/inner"));
  const std::string e_acute = "\xc3\xa9";
  std::string long_name = "y";
  while (long_name.size() < 240) long_name += e_acute;
  std::string cut = "y";
  while (cut.size() < 100) cut += e_acute;
  const struct {
    std::string given;
    std::string folder;  ///< to which the data is moved, in case it is another
    std::string name;
  } rows[] = {
      {"data/", "data", "data"},
      {"data/inner/..", "data", "data"},
      {".hidden", ".hidden", "hidden"},
      {"./--my data: (new)\n*", "--my data: (new)\n*", "my-data-new"},
      {"...", "...", "data"},
      {"caf" + e_acute + "+v1.0_b", "caf" + e_acute + "+v1.0_b", "caf" + e_acute + "+v1.0_b"},
      {long_name, long_name, cut},
  };
  for (const auto& [given, folder, name] : rows) {
    if (folder != "data") fs::rename(path("data"), path(folder));
    const Ended ended = run(sweep_of(given));
    EXPECT_EQ(ended.code, 0) << given << ended.err;
    const std::set<std::string> made = names_in("runs");
    ASSERT_EQ(made.size(), 1u) << given;
    ASSERT_GT(made.begin()->size(), 16u);
    const std::size_t end = made.begin()->size() - 16;  // -DATE-TIME
    EXPECT_EQ(made.begin()->substr(0, end), name) << given;
    EXPECT_THAT(made.begin()->substr(end), MatchesRegex("-[0-9]{8}-[0-9]{6}"));
    EXPECT_THAT(ended.out, testing::HasSubstr("results: runs/" + *made.begin() + "\n"));
    fs::remove_all(path("runs"));
    if (folder != "data") fs::rename(path(folder), path("data"));
  }
}

TEST_F(OutputFolder, TheWorkingFolderHasAName) {
  const Ended ended = run(sweep_of("."), {}, "cd data");
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(names_in("data/runs"), ElementsAre(MatchesRegex("data-[0-9]{8}-[0-9]{6}")));
}

TEST_F(OutputFolder, IsNeverThatOfAnother) {
  // Whatever second it is, its folder is there.
  const std::time_t now = std::time(nullptr);
  std::set<std::string> taken;
  for (std::time_t second = now; second < now + 300; ++second) {
    const std::string name = fmt::format("data-{:%Y%m%d-%H%M%S}", fmt::gmtime(second));
    fs::create_directories(path("runs") / name);
    taken.insert(name);
    // What stands in the way is no matter.
    write("runs/" + name + "-2", "");
    taken.insert(name + "-2");
  }
  std::vector<Running> sweeps;
  for (int i = 0; i < 3; ++i) sweeps.push_back(start(sweep_of("data"), {{"TZ", "UTC"}}));
  std::set<std::string> said;
  for (const Running& sweep : sweeps) {
    const Ended ended = sweep.wait();
    ASSERT_EQ(ended.code, 0) << ended.err;
    const std::size_t begin = ended.out.find("results: ") + 9;
    said.insert(ended.out.substr(begin, ended.out.find('\n', begin) - begin));
  }
  EXPECT_EQ(said.size(), 3u);
  for (const std::string& folder : said) {
    EXPECT_THAT(folder, MatchesRegex("runs/data-[0-9]{8}-[0-9]{6}-[3-5]"));
    EXPECT_EQ(names_in(folder).size(), 13u) << folder;
  }
  EXPECT_TRUE(std::ranges::any_of(said, [](const auto& name) { return name.ends_with("-3"); }));
  EXPECT_EQ(names_in("runs").size(), taken.size() + 3);
  for (const std::string& name : taken) {
    EXPECT_TRUE(fs::is_empty(path("runs") / name)) << name;
  }
}

TEST_F(OutputFolder, LeavesNothingWhereNothingBegins) {
  EXPECT_EQ(run(sweep_of("data"), {}, "ulimit -f 1").code, 1);
  EXPECT_FALSE(fs::exists(path("runs")));
  write("runs", "");
  const Ended refused = run(sweep_of("data"));
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, testing::HasSubstr("cannot use runs for results: Not a directory"));
}

}  // namespace
}  // namespace saltus
