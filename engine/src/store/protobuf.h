// Protobuf's wire format, as far as writing a message needs it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace saltus::store {

/// A message: its fields, encoded in the order in which they are added. A repeated field is added
/// once for each of its elements.
class Message {
 public:
  /// A field of an integer type or an enumeration.
  void integer(int field, std::int64_t value);

  /// A field of type float, or double.
  void real(int field, float value);
  void real(int field, double value);

  /// A field of type string or bytes.
  void bytes(int field, std::string_view value);

  /// A field that is a message.
  void message(int field, const Message& value) { bytes(field, value.encoded_); }

  /// The fields of another message of the same type, behind these.
  void append(const Message& other) { encoded_ += other.encoded_; }

  const std::string& encoded() const& { return encoded_; }
  std::string encoded() && { return std::move(encoded_); }

 private:
  void tag(int field, int wire_type);
  void varint(std::uint64_t value);

  std::string encoded_;
};

}  // namespace saltus::store
