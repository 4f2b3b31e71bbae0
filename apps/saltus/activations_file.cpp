#include "activations_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include <fmt/format.h>

#include <saltus/error.h>

namespace saltus::app {
namespace {

std::string text_of(const std::string& file) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(file.c_str(), "rb"),
                                                               std::fclose);
  std::string text;
  char block[4096];
  std::size_t size = 0;
  while (stream && (size = std::fread(block, 1, sizeof block, stream.get())) > 0)
    text.append(block, size);
  if (!stream || std::ferror(stream.get()) != 0)
    throw InvalidArgument(fmt::format("{}: {}", file, strerrordesc_np(errno)));
  return text;
}

}  // namespace

std::vector<Activation> read_activations(const std::string& file) {
  const std::string text = text_of(file);
  std::vector<Activation> activations;
  int number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line(text.data() + begin, end - begin);
    begin = end + 1;
    ++number;
    line = line.substr(0, line.find('#'));
    line = line.substr(0, line.find_last_not_of(" \t\r") + 1);
    if (line.empty()) continue;
    try {
      activations.push_back(Activation::parse(line));
    } catch (const InvalidArgument& error) {
      throw InvalidArgument(fmt::format("{}:{}: {}", file, number, error.what()));
    }
  }
  if (activations.empty()) throw InvalidArgument(fmt::format("{} holds no activation", file));
  return activations;
}

}  // namespace saltus::app
