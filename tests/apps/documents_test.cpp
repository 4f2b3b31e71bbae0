// Manual page and completion, which are made of the program's own options; tables and help at
// widths.
#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/process.h"
#include "tests/apps/program.h"

namespace saltus {
namespace {

using test::Ended;
using testing::HasSubstr;
using testing::Not;

const std::vector<std::vector<std::string>> kCommands = {{},
                                                         {"sweep"},
                                                         {"report"},
                                                         {"merge"},
                                                         {"status"},
                                                         {"replay"},
                                                         {"plot"},
                                                         {"reproduce"},
                                                         {"check-table"},
                                                         {"curves"},
                                                         {"map"},
                                                         {"depth"},
                                                         {"activations"},
                                                         {"accuracy"},
                                                         {"speed"},
                                                         {"predict"},
                                                         {"evaluate"},
                                                         {"summary"},
                                                         {"export"},
                                                         {"data"},
                                                         {"data", "list"},
                                                         {"data", "fetch"},
                                                         {"data", "show"},
                                                         {"info"},
                                                         {"help"}};

class Documents : public test::ProgramTest {
 protected:
  Ended help(const std::vector<std::string>& command, const std::string& columns) {
    std::vector<std::string> arguments = command;
    arguments.emplace_back("--help");
    return run(arguments, {{"COLUMNS", columns}});
  }

  /// Every option that help shows, by command.
  std::set<std::string> options(const std::vector<std::string>& command) {
    std::istringstream stream(help(command, "200").out);
    std::set<std::string> all;
    for (std::string line; std::getline(stream, line);) {
      if (!line.starts_with("  -")) continue;
      std::istringstream title(line.substr(2, line.find("  ", 2) - 2));
      for (std::string word; title >> word;) {
        if (word.starts_with("--")) all.insert(word);
      }
    }
    return all;
  }

  /// What bash offers for the last of these words.
  std::set<std::string> completions(const std::vector<std::string>& words) {
    write("completion", run({"bash-completion"}).out);
    std::string script = "source " + path("completion").string() + "; COMP_WORDS=(";
    for (const std::string& word : words) script += "'" + word + "' ";
    script += "); COMP_CWORD=" + std::to_string(words.size() - 1) + "; cd " + path("").string() +
              "; _saltus; printf '%s\n' \"${COMPREPLY[@]}\"";
    const ProcessResult result =
        run_process({"bash", "--norc", "-u", "-c", script}, {}, std::chrono::seconds(30));
    EXPECT_EQ(result.exit_code, 0) << result.output;
    std::istringstream stream(result.output);
    std::set<std::string> all;
    for (std::string line; std::getline(stream, line);) {
      if (!line.empty()) all.insert(line);
    }
    return all;
  }
};

long width_of(const std::string& text) {
  return std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

long widest(const std::string& text) {
  std::istringstream stream(text);
  long columns = 0;
  for (std::string line; std::getline(stream, line);) columns = std::max(columns, width_of(line));
  return columns;
}

TEST_F(Documents, HelpWrapsAtTheWidth) {
  for (const auto& command : kCommands) {
    for (const int columns : {40, 60, 80, 100}) {
      const Ended ended = help(command, std::to_string(columns));
      EXPECT_LE(widest(ended.out), columns) << ended.out;
    }
    EXPECT_GT(widest(help(command, "200").out), widest(help(command, "40").out));
  }
  // Nothing is lost by wrapping: the same words, but for the backslashes of continued commands.
  for (const auto& command : kCommands) {
    const auto bare = [&](const char* columns) {
      std::string text = help(command, columns).out;
      std::erase_if(text, [](char c) { return c == ' ' || c == '\n' || c == '\\'; });
      return text;
    };
    EXPECT_EQ(bare("40"), bare("200"));
  }
}

TEST_F(Documents, HelpTellsOfTheEnvironment) {
  const std::string text = run({"--help"}).out;
  for (const char* name : {"SALTUS_DATA_DIR", "SALTUS_CPU", "COLUMNS"}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n  ") + name + " "));
  }
  EXPECT_THAT(run({"sweep", "--help"}).out, Not(HasSubstr("SALTUS_CPU")));
}

TEST_F(Documents, TheListOfActivationsFitsAndFilters) {
  for (const int columns : {60, 80, 120}) {
    EXPECT_LE(widest(run({"activations"}, {{"COLUMNS", std::to_string(columns)}}).out), columns);
  }
  EXPECT_LE(widest(run({"activations", "gelu", "relu"}, {{"COLUMNS", "40"}}).out), 40);
  const std::string two = run({"activations", "gelu", "ReLU"}).out;
  EXPECT_EQ(std::count(two.begin(), two.end(), '\n'), 3) << two;
  EXPECT_THAT(two, testing::StartsWith("name"));
  EXPECT_THAT(two, HasSubstr("\ngelu "));
  EXPECT_THAT(two, HasSubstr("\nrelu "));
  EXPECT_THAT(two, Not(HasSubstr("parameters")));  // neither has any
  EXPECT_THAT(run({"activations", "elu"}).out, HasSubstr("parameters"));
  EXPECT_THAT(run({"activations", "--json", "gelu"}).out, HasSubstr("\"name\": \"gelu\""));
  EXPECT_THAT(run({"activations", "--json", "gelu"}).out, Not(HasSubstr("\"name\": \"relu\"")));
}

TEST_F(Documents, ColumnsWithNothingInThemAreHidden) {
  const std::vector<std::string> sweep = {"sweep",     "--data",   "data", "--activations",
                                          "relu,selu", "--epochs", "1",    "--threads",
                                          "1",         "--out",    "out"};
  const std::string one = run(sweep).out;
  EXPECT_THAT(one, HasSubstr("rank  activation"));
  EXPECT_THAT(one, Not(HasSubstr("to first")));
  EXPECT_THAT(run(small_sweep({"--overwrite"}, 3)).out, HasSubstr("to first"));
}

TEST_F(Documents, TheManualHasEverythingAndRendersWithoutAWarning) {
  const std::string page = run({"man-page"}).out;
  write("saltus.1", page);
  std::string plain = page;
  std::erase(plain, '\\');
  for (const auto& command : kCommands) {
    std::string name = "saltus";
    for (const std::string& word : command) name += " " + word;
    if (!command.empty()) {
      EXPECT_THAT(plain, HasSubstr("\n.SS " + name + "\n"));
    }
    for (const std::string& option : options(command)) {
      EXPECT_THAT(plain, testing::ContainsRegex("\n\\.B [^\n]*" + option + "[ \n,]")) << name;
    }
  }
  for (const char* title :
       {"NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "ENVIRONMENT", "EXIT STATUS"}) {
    EXPECT_THAT(page, HasSubstr(std::string("\n.SH ") + title + "\n"));
  }
  const ProcessResult groff =
      run_process({"groff", "-ww", "-z", "-man", "-Tascii", path("saltus.1").string()}, {},
                  std::chrono::seconds(30));
  EXPECT_EQ(groff.exit_code, 0);
  EXPECT_EQ(groff.output, "");
}

TEST_F(Documents, BashCompletes) {
  using Words = std::set<std::string>;
  EXPECT_EQ(completions({"saltus", "s"}), (Words{"status", "sweep", "summary", "speed"}));
  EXPECT_EQ(
      completions({"saltus", ""}),
      (Words{"sweep",       "report",   "merge",   "status", "replay",      "plot",     "reproduce",
             "check-table", "curves",   "map",     "depth",  "activations", "accuracy", "speed",
             "predict",     "evaluate", "summary", "export", "data",        "info",     "help"}));
  EXPECT_EQ(completions({"saltus", "rep"}), (Words{"replay", "report", "reproduce"}));
  EXPECT_EQ(completions({"saltus", "data", ""}), (Words{"list", "fetch", "show"}));
  EXPECT_EQ(completions({"saltus", "data", "fetch", "m"}), Words{"mnist"});
  EXPECT_EQ(completions({"saltus", "sweep", "--se"}), (Words{"--seed", "--seeds", "--serve"}));
  EXPECT_EQ(completions({"saltus", "sweep", "--quick", "--resu"}), Words{"--resume"});
  EXPECT_EQ(completions({"saltus", "sweep", "--loss", ""}),
            (Words{"binary_crossentropy", "categorical_crossentropy", "hinge", "huber",
                   "kl_divergence", "mean_absolute_error", "mean_squared_error", "poisson",
                   "sparse_categorical_crossentropy"}));
  EXPECT_EQ(completions({"saltus", "sweep", "--optimizer", "adam,adag"}), Words{"adam,adagrad"});
  EXPECT_EQ(completions({"saltus", "sweep", "--schedule", "cos"}),
            (Words{"cosine_decay", "cosine_decay_restarts"}));
  EXPECT_EQ(completions({"saltus", "sweep", "--initializer", "r"}),
            (Words{"recipe", "random_normal", "random_uniform"}));
  EXPECT_EQ(completions({"saltus", "sweep", "--batch-norm", ""}), (Words{"no", "yes"}));
  EXPECT_EQ(completions({"saltus", "sweep", "--device", "=", "cu"}), Words{"cuda"});
  EXPECT_EQ(completions({"saltus", "sweep", "--device", "="}), (Words{"auto", "cpu", "cuda"}));
  EXPECT_EQ(completions({"saltus", "sweep", "--activations", "relu,gelu_t"}),
            Words{"relu,gelu_tanh"});
  write("data.json", "");
  EXPECT_EQ(completions({"saltus", "sweep", "--config", "da"}), (Words{"data", "data.json"}));
  EXPECT_EQ(completions({"saltus", "sweep", "--data", "da"}), (Words{"data", "data.json"}));
  EXPECT_EQ(completions({"saltus", "predict", "da"}), (Words{"data", "data.json"}));
  EXPECT_EQ(completions({"saltus", "predict", "m", "--data", "da"}), (Words{"data", "data.json"}));
  EXPECT_EQ(completions({"saltus", "predict", "m", "--set", ""}), (Words{"test", "train"}));
  EXPECT_EQ(completions({"saltus", "export", "m", "--onnx", "da"}), (Words{"data", "data.json"}));
  EXPECT_EQ(completions({"saltus", "info", ""}),
            (Words{"--device", "--plan", "--precision", "-h", "--help"}));
  EXPECT_EQ(completions({"saltus", "sweep", "--epochs", ""}), Words{});
  EXPECT_EQ(completions({"saltus", "accuracy", "gelu_t"}), Words{"gelu_tanh"});
  EXPECT_EQ(completions({"saltus", "help", "cu"}), Words{"curves"});
  for (const auto& command : kCommands) {
    std::vector<std::string> words = {"saltus"};
    words.insert(words.end(), command.begin(), command.end());
    words.emplace_back("--");
    EXPECT_EQ(completions(words), options(command));
  }
}

}  // namespace
}  // namespace saltus
