#include "store/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <saltus/error.h>

#include "core/file.h"
#include "core/json.h"

static_assert(std::endian::native == std::endian::little, "numbers are written as they are");

namespace saltus::store {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kPrefix = 8;  ///< bytes that give the header's length

/// The format's own limit.
constexpr std::uint64_t kMostHeader = 100'000'000;

/// Where a tensor lies, in bytes behind the header.
struct Place {
  Tensor tensor;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// Throws a DataError about a byte of the file.
[[noreturn]] void fail(const fs::path& path, std::uint64_t offset, std::string_view what) {
  throw DataError(fmt::format("{} at byte {}: {}", path.string(), offset, what));
}

/// A text of the file's, on one line whatever it is.
std::string quoted(const std::string& text) {
  return ReadJson(text).dump();
}

/// Number of bytes, at most `limit`; more than that where they are not to be counted.
std::uint64_t bytes_of(const Shape& shape, std::uint64_t limit) {
  std::uint64_t bytes = sizeof(float);
  for (const std::int64_t extent : shape) {
    const auto count = static_cast<std::uint64_t>(extent);
    if (count == 0) return 0;
    if (bytes > limit / count) return limit + 1;
    bytes *= count;
  }
  return bytes;
}

/// One tensor's entry in the header. `size` is that of all data.
Place place_of(const std::string& name, const ReadJson& json, std::uint64_t size) {
  Place place;
  place.tensor.name = name;
  Members members(json);
  const auto& type = members.at("dtype").get_ref<const std::string&>();
  if (type != "F32") {
    throw InvalidArgument(
        fmt::format("tensor {} is of type {}, but only F32 is read", quoted(name), quoted(type)));
  }
  for (const std::uint64_t extent : wholes<std::uint64_t>(members.at("shape"))) {
    if (extent > INT64_MAX / 2) {
      throw InvalidArgument(fmt::format("tensor {} has an extent of {}", quoted(name), extent));
    }
    place.tensor.shape.push_back(static_cast<std::int64_t>(extent));
  }
  const auto offsets = wholes<std::uint64_t>(members.at("data_offsets"));
  members.require_no_more();
  if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > size) {
    throw InvalidArgument(
        fmt::format("tensor {} has data_offsets {}, but there are {} bytes of data", quoted(name),
                    json.at("data_offsets").dump(), size));
  }
  place.begin = offsets[0];
  place.end = offsets[1];
  if (bytes_of(place.tensor.shape, size) != place.end - place.begin) {
    throw InvalidArgument(fmt::format("tensor {} of shape {} has data_offsets {}", quoted(name),
                                      to_string(place.tensor.shape),
                                      json.at("data_offsets").dump()));
  }
  return place;
}

/// All of the header but the metadata, in the order of the data. Throws InvalidArgument unless the
/// tensors cover the data, none of it twice.
std::vector<Place> places_of(const ReadJson& header, std::uint64_t size) {
  std::vector<Place> places;
  for (const auto& [name, entry] : header.get_ref<const ReadJson::object_t&>()) {
    if (name != "__metadata__") places.push_back(place_of(name, entry, size));
  }
  std::ranges::stable_sort(places, {},
                           [](const Place& place) { return std::pair(place.begin, place.end); });
  std::uint64_t end = 0;
  for (const Place& place : places) {
    if (place.begin != end) {
      throw InvalidArgument(
          fmt::format("the data of tensor {} begins at {}, but that before ends at {}",
                      quoted(place.tensor.name), place.begin, end));
    }
    end = place.end;
  }
  if (end != size) {
    throw InvalidArgument(
        fmt::format("the tensors end at {}, but there are {} bytes of data", end, size));
  }
  return places;
}

}  // namespace

void write_safetensors(const fs::path& path, const TensorFile& file) {
  Json header = Json::object();
  if (!file.metadata.empty()) header["__metadata__"] = file.metadata;
  std::uint64_t end = 0;
  for (const Tensor& tensor : file.tensors) {
    const std::uint64_t begin = end;
    end += tensor.values.size() * sizeof(float);
    Json& entry = header[tensor.name];
    if (!entry.is_null()) {
      throw InvalidArgument(fmt::format("two tensors have the name '{}'", tensor.name));
    }
    entry = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const Json::type_error&) {
    throw InvalidArgument("the name of a layer is not UTF-8; give it another to save the model");
  }
  text.append((kPrefix - text.size() % kPrefix) % kPrefix, ' ');
  if (text.size() > kMostHeader) {
    throw InvalidArgument(fmt::format("{} would have a header of {} bytes, but {} are the most",
                                      path.string(), text.size(), kMostHeader));
  }
  const std::uint64_t length = text.size();
  std::vector<std::string_view> parts = {{reinterpret_cast<const char*>(&length), sizeof(length)},
                                         text};
  for (const Tensor& tensor : file.tensors) {
    parts.emplace_back(reinterpret_cast<const char*>(tensor.values.data()),
                       tensor.values.size() * sizeof(float));
  }
  write_file_atomic(path, parts);
}

TensorFile read_safetensors(const fs::path& path) {
  const FileDescriptor descriptor = open_regular_file(path);
  const std::uint64_t file_size = size_of(descriptor, path);
  const auto read = [&](void* target, std::uint64_t bytes) {
    const auto got = read_some(
        descriptor, {static_cast<std::uint8_t*>(target), static_cast<std::size_t>(bytes)}, path);
    if (got != bytes)
      throw DataError(fmt::format("{} became shorter while it was read", path.string()));
  };
  std::uint64_t length = 0;
  if (file_size < kPrefix) {
    fail(path, file_size, "it ends before the length of a safetensors header");
  }
  read(&length, kPrefix);
  if (length > kMostHeader || length > file_size - kPrefix) {
    fail(path, 0,
         fmt::format(
             "a header of {} bytes is announced, but {} follow and {} are the most: it is no "
             "safetensors file, or not all of one",
             length, file_size - kPrefix, kMostHeader));
  }
  std::string text(length, '\0');
  read(text.data(), length);
  TensorFile file;
  std::vector<Place> places;
  try {
    const ReadJson header = parse_unique_json(text);
    if (const auto metadata = header.find("__metadata__"); metadata != header.end()) {
      for (const auto& [key, value] : metadata->get_ref<const ReadJson::object_t&>()) {
        file.metadata[key] = value.get<std::string>();
      }
    }
    places = places_of(header, file_size - kPrefix - length);
  } catch (const ReadJson::parse_error& error) {
    fail(path, kPrefix + error.byte, fmt::format("the header is no JSON: {}", error.what()));
  } catch (const ReadJson::exception& error) {
    fail(path, kPrefix, fmt::format("the header cannot be understood: {}", error.what()));
  } catch (const InvalidArgument& error) {
    fail(path, kPrefix, error.what());
  }
  for (Place& place : places) {
    place.tensor.values.resize((place.end - place.begin) / sizeof(float));
    read(place.tensor.values.data(), place.end - place.begin);
    file.tensors.push_back(std::move(place.tensor));
  }
  return file;
}

}  // namespace saltus::store
