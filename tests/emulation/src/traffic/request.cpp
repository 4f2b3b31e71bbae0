#include "traffic/request.h"

#include <algorithm>
#include <bit>
#include <span>

namespace saltus::emulation {
namespace {

constexpr std::uintptr_t kSector = 32;
constexpr std::uintptr_t kWord = 4;
constexpr std::size_t kBanks = 32;

/// Places of the lanes that take part, in order.
class Places {
 public:
  Places(const Request& request, unsigned first_lane, unsigned last_lane) {
    for (unsigned lane = first_lane; lane < last_lane; ++lane)
      if ((request.lanes >> lane & 1) != 0) places_[count_++] = request.places[lane];
    std::sort(places_.begin(), places_.begin() + static_cast<std::ptrdiff_t>(count_));
  }

  [[nodiscard]] std::span<const std::uintptr_t> all() const { return {places_.data(), count_}; }

 private:
  std::array<std::uintptr_t, 32> places_;
  std::size_t count_ = 0;
};

/// How many units are touched by accesses of `bytes` at these places.
std::uint64_t count_units(std::span<const std::uintptr_t> places, std::uintptr_t bytes,
                          std::uintptr_t unit) {
  std::uint64_t count = 0;
  std::uintptr_t next = 0;  // the first unit that was not counted
  for (const std::uintptr_t place : places) {
    const std::uintptr_t first = std::max(place / unit, next);
    const std::uintptr_t end = (place + bytes - 1) / unit + 1;
    if (first >= end) continue;
    count += end - first;
    next = end;
  }
  return count;
}

/// The most words that one bank has to serve.
std::uint64_t most_words(std::span<const std::uintptr_t> places, std::uintptr_t bytes) {
  std::array<std::uint64_t, kBanks> words{};
  std::uintptr_t next = 0;
  for (const std::uintptr_t place : places) {
    const std::uintptr_t end = (place + bytes - 1) / kWord + 1;
    for (std::uintptr_t word = std::max(place / kWord, next); word < end; ++word)
      ++words[word % kBanks];
    next = std::max(next, end);
  }
  return *std::max_element(words.begin(), words.end());
}

Requests one_request(const Request& request) {
  return {.count = 1, .bytes = request.bytes * static_cast<unsigned>(std::popcount(request.lanes))};
}

}  // namespace

Requests& Requests::operator+=(const Requests& other) {
  count += other.count;
  parts += other.parts;
  least_parts += other.least_parts;
  bytes += other.bytes;
  return *this;
}

Traffic& Traffic::operator+=(const Traffic& other) {
  loads += other.loads;
  stores += other.stores;
  shared += other.shared;
  return *this;
}

Requests count_global(const Request& request) {
  Requests counted = one_request(request);
  const Places places(request, 0, 32);
  counted.parts = count_units(places.all(), request.bytes, kSector);
  counted.least_parts = (count_units(places.all(), request.bytes, 1) + kSector - 1) / kSector;
  return counted;
}

Requests count_shared(const Request& request) {
  Requests counted = one_request(request);
  const unsigned together = request.bytes <= 4 ? 32 : request.bytes <= 8 ? 16 : 8;
  for (unsigned lane = 0; lane < 32; lane += together) {
    const Places places(request, lane, lane + together);
    if (places.all().empty()) continue;
    counted.parts += most_words(places.all(), request.bytes);
    ++counted.least_parts;
  }
  return counted;
}

}  // namespace saltus::emulation
