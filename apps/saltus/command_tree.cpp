#include "command_tree.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/nearest.h>

namespace saltus::app {
namespace {

std::vector<const CLI::Option*> visible(std::vector<const CLI::Option*> options) {
  std::erase_if(options, [](const CLI::Option* option) { return option->get_group().empty(); });
  return options;
}

bool repeats(const CLI::Option& option) {
  return option.get_expected_max() >= CLI::detail::expected_max_vector_size;
}

}  // namespace

std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? command.get_name() : full_name(*parent) + " " + command.get_name();
}

std::vector<const CLI::App*> commands_of(const CLI::App& command) {
  return command.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); });
}

std::string unknown_command(const CLI::App& command, const std::string& name) {
  std::vector<std::string_view> known;
  for (const CLI::App* sub : commands_of(command)) known.push_back(sub->get_name());
  std::string advice = suggestion(name, known);
  if (advice.empty()) {
    advice = fmt::format(": {} --help lists those that there are", full_name(command));
  }
  return fmt::format("{} has no command '{}'{}", full_name(command), name, advice);
}

const CLI::App& find_command(const CLI::App& program, const std::vector<std::string>& names) {
  const CLI::App* at = &program;
  for (const std::string& name : names) {
    const CLI::App* next = nullptr;
    const std::vector<const CLI::App*> commands = commands_of(*at);
    for (const CLI::App* command : commands) {
      if (command->get_name() == name) next = command;
    }
    if (next == nullptr) {
      throw InvalidArgument(commands.empty()
                                ? fmt::format("{} has no commands, '{}' was given: leave it away",
                                              full_name(*at), name)
                                : unknown_command(*at, name));
    }
    at = next;
  }
  return *at;
}

std::vector<const CLI::Option*> options_of(const CLI::App& command) {
  return visible(command.get_options([](const CLI::Option* o) { return o->nonpositional(); }));
}

std::vector<const CLI::Option*> positionals_of(const CLI::App& command) {
  return visible(command.get_options([](const CLI::Option* o) { return o->get_positional(); }));
}

bool is_flag(const CLI::Option& option) {
  return option.get_items_expected_min() == 0;
}

std::vector<std::string> alternatives_of(const CLI::Option& option) {
  std::vector<std::string> pieces;
  if (is_flag(option)) return pieces;
  const std::string type = option.get_type_name();
  std::string_view rest = type;
  if (rest.ends_with(",...")) rest.remove_suffix(4);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('|'), rest.size());
    pieces.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return pieces;
}

bool is_literal(const std::string& alternative) {
  return std::ranges::none_of(alternative, [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string synopsis_of(const CLI::Option& option) {
  std::string text;
  for (const std::string& name : option.get_snames()) text += "-" + name + ", ";
  for (const std::string& name : option.get_lnames()) text += "--" + name + ", ";
  text.resize(text.size() - 2);
  if (!is_flag(option)) text += " " + option.get_type_name();
  return text;
}

std::string synopsis_of_positional(const CLI::Option& option) {
  const std::string name = option.get_name(true) + (repeats(option) ? "..." : "");
  return option.get_required() ? name : "[" + name + "]";
}

std::string description_of(const CLI::Option& option) {
  std::vector<std::string> remarks;
  if (!option.get_default_str().empty()) remarks.push_back("default: " + option.get_default_str());
  std::vector<std::string> names;
  for (const CLI::Option* other : option.get_excludes()) names.push_back(other->get_name());
  std::ranges::sort(names);  // the set that they come from is ordered by address
  if (!names.empty()) {
    remarks.push_back("not with " +
                      either(std::vector<std::string_view>(names.begin(), names.end())));
  }
  const std::string text = option.get_description();
  return remarks.empty() ? text : fmt::format("{} ({})", text, fmt::join(remarks, ", "));
}

std::string usage_of(const CLI::App& command) {
  std::string text = full_name(command);
  if (!options_of(command).empty()) text += " [OPTIONS]";
  for (const CLI::Option* positional : positionals_of(command)) {
    text += " " + synopsis_of_positional(*positional);
  }
  if (!commands_of(command).empty()) text += " COMMAND";
  return text;
}

}  // namespace saltus::app
