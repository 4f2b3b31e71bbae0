#include "command_line.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/machine.h>
#include <saltus/nearest.h>

#include "command_tree.h"
#include "help.h"
#include "output.h"

namespace saltus::app {
namespace {

/// Options that users of other programs look for, and what commands that have `beside` take
/// instead.
struct Instead {
  const char* beside;
  std::string_view option;
  std::string_view advice;
};
constexpr Instead kInstead[] = {
    {"--learning-rate", "--model", "a sweep trains the tutorial's network"},
    {"--learning-rate", "--network", "a sweep trains the tutorial's network"},
    {"MODEL", "--model", "the model's file stands alone, as in saltus summary digits.safetensors"},
    {"--device", "--gpu", "--device cuda takes the GPU"},
    {"--device", "--cpu", "--device cpu takes the CPU"},
};

/// The command that was chosen, as deep as the words went.
const CLI::App& chosen_command(const CLI::App& program) {
  const CLI::App* at = &program;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

/// The first word that no command on the way to the chosen one knows, with the command that it was
/// meant for.
struct Unknown {
  const CLI::App& command;
  std::string word;
};

std::optional<Unknown> first_unknown(const CLI::App& program) {
  for (const CLI::App* at = &program;; at = at->get_subcommands().front()) {
    if (const auto words = at->remaining(); !words.empty()) return Unknown{*at, words.front()};
    if (at->get_subcommands().empty()) return std::nullopt;
  }
}

/// The name of the first command, at whatever depth, that has the option; empty: none.
std::string owner_of(const CLI::App& command, const std::string& option) {
  if (command.get_option_no_throw(option) != nullptr) return full_name(command);
  for (const CLI::App* sub : commands_of(command)) {
    if (std::string owner = owner_of(*sub, option); !owner.empty()) return owner;
  }
  return {};
}

std::string advice_on_option(const CLI::App& program, const CLI::App& command,
                             const std::string& option) {
  for (const Instead& other : kInstead) {
    if (other.option == option && command.get_option_no_throw(other.beside) != nullptr) {
      return fmt::format(": {}", other.advice);
    }
  }
  const std::string bare = option.substr(std::min(option.find_first_not_of('-'), option.size()));
  std::vector<std::string_view> known;
  for (const CLI::Option* other : options_of(command)) {
    known.insert(known.end(), other->get_lnames().begin(), other->get_lnames().end());
  }
  std::vector<std::string> near;
  for (const std::string_view name : nearest_names(bare, known)) {
    near.push_back(fmt::format("--{}", name));
  }
  if (!near.empty()) {
    return fmt::format(": did you mean {}?",
                       either(std::vector<std::string_view>(near.begin(), near.end())));
  }
  const std::string owner = owner_of(program, "--" + bare);
  return owner.empty() ? fmt::format(": {} --help lists those that there are", full_name(command))
                       : fmt::format(": it is one of {}, behind which it must stand", owner);
}

/// The message about a word that nothing knows.
std::string refusal(const CLI::App& program, const Unknown& unknown) {
  const CLI::App& command = unknown.command;
  const std::string name = full_name(command);
  if (unknown.word.starts_with('-')) {
    const std::string option = unknown.word.substr(0, unknown.word.find('='));
    return fmt::format("{} has no option {}{}", name, option,
                       advice_on_option(program, command, option));
  }
  if (!commands_of(command).empty()) return unknown_command(command, unknown.word);
  return fmt::format("{} does not know what to do with '{}': {} --help shows what it takes", name,
                     unknown.word, name);
}

/// The message about any other error of the parser.
std::string refusal(const CLI::App& command, const CLI::ParseError& error) {
  std::string what = error.what();
  const std::string name = full_name(command);
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    const CLI::Option* option = command.get_option_no_throw(what.substr(0, what.find(':')));
    if (option != nullptr && option->count() > 1) {
      return fmt::format("{} is given {} times: give it once", option->get_name(), option->count());
    }
    if (option != nullptr && !is_flag(*option)) {
      return fmt::format("{} is without its value: write {}", option->get_name(),
                         synopsis_of(*option));
    }
  }
  if (dynamic_cast<const CLI::ValidationError*>(&error) != nullptr) return what;
  return fmt::format("{} ({} --help shows what there is)", what, name);
}

/// Values of options that take one of a few words must be among these. A list of words may have
/// parameters, and is for whoever parses it.
void check_choices(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) {
    if (option->get_type_name().ends_with(",...")) continue;
    const std::vector<std::string> choices = alternatives_of(*option);
    if (choices.empty() || !std::ranges::all_of(choices, is_literal)) continue;
    option->check([choices](const std::string& value) -> std::string {
      if (std::ranges::find(choices, value) != choices.end()) return {};
      const std::vector<std::string_view> known(choices.begin(), choices.end());
      return fmt::format("'{}' is none of its values: choose {}", value, either(known));
    });
  }
  for (CLI::App* sub : command.get_subcommands({})) check_choices(*sub);
}

}  // namespace

void describe_program(CLI::App& program) {
  program.name("saltus");
  program.description(
      "Trains the same network once per activation function and says which is best. "
      "`saltus sweep --quick` shows it in a few minutes.");
  program.set_version_flag("-V,--version", "saltus " + version(), "Print the version and exit");
  program.require_subcommand(1);
  program.footer(
      "saltus help COMMAND tells more of a command.\n\n"
      "Environment:\n"
      "  SALTUS_DATA_DIR  where data sets that are fetched are kept; otherwise saltus/ in "
      "XDG_CACHE_HOME or ~/.cache\n"
      "  SALTUS_CPU  baseline, avx2 or avx512: the instruction set to compute with, instead of the "
      "best that this CPU has; avx2 and avx512 give the same results, baseline other last bits\n"
      "  COLUMNS  the width of tables and help, instead of the terminal's\n\n"
      "Exit status:\n"
      "  0  done; a trial that diverged is a result\n"
      "  1  failed: a file, a device, the network\n"
      "  2  asked for something that cannot be\n"
      "  3  came to other results than a program before it\n"
      "  75  too little memory: another device may have more\n"
      "  130, 143  interrupted by Ctrl-C, by SIGTERM");
}

Parsed parse_command_line(CLI::App& program, int argc, const char* const* argv) {
  check_choices(program);
  try {
    program.parse(argc, argv);
    return Parsed::run;
  } catch (const CLI::CallForHelp&) {
    write_output(help_text(chosen_command(program)));
    return Parsed::done;
  } catch (const CLI::CallForVersion& asked) {
    print("{}\n", asked.what());
    return Parsed::done;
  } catch (const CLI::ParseError& error) {
    if (const auto unknown = first_unknown(program)) {
      throw InvalidArgument(refusal(program, *unknown));
    }
    const CLI::App& command = chosen_command(program);
    if (!commands_of(command).empty()) {
      throw InvalidArgument(fmt::format(
          "a command is missing: {} --help lists those that there are", full_name(command)));
    }
    throw InvalidArgument(refusal(command, error));
  }
}

}  // namespace saltus::app
