#include "tests/fuzz/safetensors_mutator.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/fuzz/json_mutator.h"
#include "tests/fuzz/target.h"

namespace saltus::fuzz {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kPrefix = 8;

std::string mutated(const std::string& text, unsigned seed) {
  std::vector<std::uint8_t> bytes(text.begin(), text.end());
  bytes.resize(2 * text.size() + 256);
  bytes.resize(mutate_json(bytes.data(), text.size(), bytes.size(), seed));
  return {bytes.begin(), bytes.end()};
}

/// Changes the JSON in one of the texts of the metadata.
void mutate_metadata(Json& header, std::minstd_rand& random) {
  const auto metadata = header.find("__metadata__");
  if (metadata == header.end() || !metadata->is_object() || metadata->empty()) return;
  auto entry = metadata->begin();
  std::advance(entry, static_cast<std::ptrdiff_t>(random() % metadata->size()));
  if (!entry->is_string()) return;
  *entry = mutated(entry->get<std::string>(), static_cast<unsigned>(random()));
}

/// Gives each tensor the data that its shape asks for, up to `most` bytes. Returns their number.
std::size_t place_data(Json& header, std::size_t most) {
  std::size_t end = 0;
  if (!header.is_object()) return end;
  for (auto& [name, entry] : header.items()) {
    if (name == "__metadata__" || !entry.is_object() || !entry.contains("shape") ||
        !entry["shape"].is_array()) {
      continue;
    }
    std::size_t bytes = 4;
    for (const Json& extent : entry["shape"]) {
      const auto count = extent.is_number_unsigned() ? extent.get<std::size_t>() : 1;
      bytes = count != 0 && bytes > most / count ? most : bytes * count;
    }
    entry["data_offsets"] = {end, std::min(end + bytes, most)};
    end = std::min(end + bytes, most);
  }
  return end;
}

}  // namespace

std::size_t mutate_safetensors(std::uint8_t* data, std::size_t size, std::size_t max_size,
                               unsigned seed) {
  std::minstd_rand random(seed);
  std::uint64_t length = 0;
  if (size >= kPrefix) std::memcpy(&length, data, kPrefix);
  if (size < kPrefix || length > size - kPrefix || random() % 16 == 0) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  std::string text(reinterpret_cast<const char*>(data) + kPrefix, length);
  std::string values(reinterpret_cast<const char*>(data) + kPrefix + length,
                     size - kPrefix - length);
  Json header = Json::parse(text, nullptr, false);
  if (random() % 2 == 0 && header.is_object()) {
    mutate_metadata(header, random);
  } else {
    text = mutated(text, static_cast<unsigned>(random()));
    header = Json::parse(text, nullptr, false);
  }
  if (!header.is_discarded()) {
    if (random() % 4 != 0) values.resize(place_data(header, max_size), '\1');
    text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  if (kPrefix + text.size() + values.size() > max_size) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  length = text.size();
  std::memcpy(data, &length, kPrefix);
  std::copy(text.begin(), text.end(), data + kPrefix);
  std::copy(values.begin(), values.end(), data + kPrefix + text.size());
  return kPrefix + text.size() + values.size();
}

}  // namespace saltus::fuzz
