#include "tests/fuzz/json_mutator.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/fuzz/target.h"

namespace saltus::fuzz {
namespace {

using Json = nlohmann::ordered_json;

/// Values at which readers stumble.
const std::vector<Json>& awkward() {
  static const std::vector<Json> values = {nullptr,
                                           true,
                                           0,
                                           -1,
                                           1,
                                           2,
                                           3,
                                           127,
                                           256,
                                           65536,
                                           2147483647,
                                           2147483648,
                                           -2147483648,
                                           9223372036854775807,
                                           9223372036854775808U,
                                           18446744073709551615U,
                                           0.5,
                                           -0.0,
                                           1e-320,
                                           1e308,
                                           1.0000000001,
                                           1e19,
                                           "",
                                           "relu",
                                           "ELU:alpha=0.2",
                                           "elu:alpha=",
                                           "nan",
                                           "ok",
                                           "diverged",
                                           "stopped",
                                           std::string("a\0b", 3),
                                           "\xc3\xa9",
                                           Json::array(),
                                           Json::object(),
                                           Json::array({Json::array(), 1}),
                                           Json{{"a", 1}}};
  return values;
}

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return random_() % n; }

  void mutate(Json& document) {
    for (std::size_t left = 1 + below(3); left > 0; --left) {
      std::vector<Json*> nodes;
      collect(document, nodes);
      change(*nodes[below(nodes.size())], *nodes[below(nodes.size())]);
    }
  }

 private:
  static void collect(Json& node, std::vector<Json*>& nodes) {
    nodes.push_back(&node);
    if (node.is_structured()) {
      for (Json& child : node) collect(child, nodes);
    }
  }

  void change(Json& node, const Json& other) {
    switch (below(8)) {
      case 0:
        node = awkward()[below(awkward().size())];
        return;
      case 1:
        node = Json(other);  // by way of a copy: one may hold the other
        return;
      default:
        change_inside(node, other);
    }
  }

  void change_inside(Json& node, const Json& other) {
    if (node.is_string()) {
      auto text = node.get<std::string>();
      const std::size_t size = text.size();
      text.resize(size + 16);
      text.resize(
          LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(text.data()), size, text.size()));
      node = text;
    } else if (node.is_number_float()) {
      constexpr double kFactors[] = {-1, 0.5, 2, 1e10, 1e-10, 1 + 1e-16};
      node = node.get<double>() * kFactors[below(std::size(kFactors))];
    } else if (node.is_number()) {
      node = node.get<std::uint64_t>() + std::uint64_t{below(3)} - 1;
    } else if (node.is_structured() && !node.empty()) {
      const auto place = std::next(node.begin(), static_cast<std::ptrdiff_t>(below(node.size())));
      change_element(node, place, other);
    } else {
      node = awkward()[below(awkward().size())];
    }
  }

  void change_element(Json& node, Json::iterator place, const Json& other) {
    Json element = *place;
    Json added = other;
    if (below(2) == 0) {
      node.erase(place);
    } else if (node.is_array()) {
      for (std::size_t times = 1 + below(4); times > 0; --times) node.push_back(element);
    } else {
      node[std::string(place.key()) + (below(2) == 0 ? "" : "x")] = std::move(added);
    }
  }

  std::minstd_rand random_;
};

std::size_t store(const std::string& text, std::uint8_t* data, std::size_t size,
                  std::size_t max_size) {
  if (text.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::copy(text.begin(), text.end(), data);
  return text.size();
}

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::size_t mutate_json(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  Mutator mutator(seed);
  Json document = Json::parse(data, data + size, nullptr, false);
  if (document.is_discarded() || mutator.below(16) == 0) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  mutator.mutate(document);
  return store(text_of(document), data, size, max_size);
}

std::size_t mutate_json_lines(std::uint8_t* data, std::size_t size, std::size_t max_size,
                              unsigned seed) {
  Mutator mutator(seed);
  std::vector<std::string> lines(1);
  for (std::size_t i = 0; i < size; ++i) {
    if (data[i] == '\n') {
      lines.emplace_back();
    } else {
      lines.back().push_back(static_cast<char>(data[i]));
    }
  }
  const std::size_t place = mutator.below(lines.size());
  const auto line = lines.begin() + static_cast<std::ptrdiff_t>(place);
  Json document = Json::parse(*line, nullptr, false);
  switch (mutator.below(8)) {
    case 0:
      lines.erase(line);
      break;
    case 1:
      lines.push_back(*line);
      break;
    case 2:
      std::swap(*line, lines[mutator.below(lines.size())]);
      break;
    case 3:
      return LLVMFuzzerMutate(data, size, max_size);
    default:
      if (document.is_discarded()) return LLVMFuzzerMutate(data, size, max_size);
      mutator.mutate(document);
      *line = text_of(document);
  }
  std::string text;
  for (const std::string& each : lines) text += (&each == &lines.front() ? "" : "\n") + each;
  return store(text, data, size, max_size);
}

}  // namespace saltus::fuzz
