#include "store/event_file.h"

#include <atomic>
#include <boost/crc.hpp>
#include <chrono>
#include <cstdint>
#include <span>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "core/bytes.h"
#include "store/protobuf.h"

namespace saltus::store {
namespace {

// Fields of TensorFlow's event.proto and summary.proto.
constexpr int kEventWallTime = 1;
constexpr int kEventStep = 2;
constexpr int kEventFileVersion = 3;
constexpr int kEventSummary = 5;
constexpr int kSummaryValue = 1;
constexpr int kValueTag = 1;
constexpr int kValueSimpleValue = 2;

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// TFRecord's checksum: CRC-32C, rotated, so that it can itself be part of what is summed.
std::uint32_t masked_crc(std::string_view bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  const std::uint32_t sum = crc.checksum();
  return (sum >> 15 | sum << 17) + 0xA282EAD8;
}

/// Seconds, the process, and a number, as two trainings may begin in one second.
std::filesystem::path new_name() {
  static std::atomic<int> number = 0;
  return fmt::format("events.out.tfevents.{:010}.saltus.{}.{}", static_cast<std::int64_t>(now()),
                     getpid(), number++);
}

}  // namespace

EventFile::EventFile(const std::filesystem::path& folder) {
  create_folders(folder);
  path_ = folder / new_name();
  file_ = open_file(path_, O_WRONLY | O_CREAT | O_EXCL);
  Message event;
  event.real(kEventWallTime, now());
  event.bytes(kEventFileVersion, "brain.Event:2");
  write(event.encoded());
}

void EventFile::add(std::int64_t step, const std::map<std::string, double>& scalars) {
  Message summary;
  for (const auto& [tag, number] : scalars) {
    Message value;
    value.bytes(kValueTag, tag);
    value.real(kValueSimpleValue, static_cast<float>(number));
    summary.message(kSummaryValue, value);
  }
  Message event;
  event.real(kEventWallTime, now());
  event.integer(kEventStep, step);
  event.message(kEventSummary, summary);
  write(event.encoded());
}

void EventFile::write(const std::string& event) {
  std::string record;
  append_little_endian(record, std::uint64_t{event.size()});
  append_little_endian(record, masked_crc(record));
  record += event;
  append_little_endian(record, masked_crc(event));
  write_all(file_, {reinterpret_cast<const std::uint8_t*>(record.data()), record.size()}, path_);
}

}  // namespace saltus::store
