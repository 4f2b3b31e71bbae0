#include "store/protobuf.h"

#include <bit>

#include "core/bytes.h"

namespace saltus::store {
namespace {

// How a field's value is laid out.
constexpr int kVarint = 0;
constexpr int kEightBytes = 1;
constexpr int kLengthDelimited = 2;
constexpr int kFourBytes = 5;

}  // namespace

void Message::integer(int field, std::int64_t value) {
  tag(field, kVarint);
  varint(static_cast<std::uint64_t>(value));
}

void Message::real(int field, float value) {
  tag(field, kFourBytes);
  append_little_endian(encoded_, std::bit_cast<std::uint32_t>(value));
}

void Message::real(int field, double value) {
  tag(field, kEightBytes);
  append_little_endian(encoded_, std::bit_cast<std::uint64_t>(value));
}

void Message::bytes(int field, std::string_view value) {
  tag(field, kLengthDelimited);
  varint(value.size());
  encoded_ += value;
}

void Message::tag(int field, int wire_type) {
  varint(static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(wire_type));
}

// Seven bits a byte, lowest first; the eighth says that more follow.
void Message::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) encoded_ += static_cast<char>(value | 0x80);
  encoded_ += static_cast<char>(value);
}

}  // namespace saltus::store
