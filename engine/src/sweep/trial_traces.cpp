#include "sweep/trial_traces.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <saltus/error.h>

#include "core/file.h"
#include "core/json.h"
#include "train/trainer.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostBytes = std::int64_t{1} << 30;

std::string text_of(const TracePoint& point) {
  Json line = {{"epoch", point.epoch}, {"step", point.step}, {"weights", Json::array()}};
  for (const std::uint64_t digest : point.weights)
    line["weights"].push_back(fmt::format("{:016x}", digest));
  return line.dump();
}

std::uint64_t digest_of(const std::string& text) {
  std::uint64_t digest = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, digest, 16);
  if (error != std::errc() || rest != end)
    throw InvalidArgument(fmt::format("'{}' is no number of 16 hexadecimal digits", text));
  return digest;
}

TracePoint point_of(std::string_view line) {
  const ReadJson json = parse_unique_json(line);
  Members members(json);
  TracePoint point{.epoch = whole<int>(members.at("epoch")),
                   .step = whole<std::int64_t>(members.at("step"))};
  for (const ReadJson& digest : members.at("weights").get_ref<const ReadJson::array_t&>())
    point.weights.push_back(digest_of(digest.get_ref<const std::string&>()));
  return point;
}

class TrialTrace : public Watcher {
 public:
  TrialTrace(const fs::path& folder, std::string id, std::int64_t every, bool resume)
      : folder_(folder), id_(std::move(id)), every_(every), resume_(resume) {}

  void on_batches_end(std::int64_t steps_done, const Logs& /*logs*/,
                      TrainingControl& /*control*/) override {
    if (!lines_) begin();
    if (is_point(steps_done, every_)) lines_->append(text_of(point(steps_done)));
  }

  void on_epoch_end(int epoch, const Logs& /*logs*/, TrainingControl& control) override {
    lines_->sync();
    control.save(trace_state_file(folder_, id_, epoch + 1));
  }

 private:
  void begin() {
    const fs::path file = trace_file(folder_, id_);
    create_folders(file.parent_path());
    std::string kept;
    std::error_code none;
    if (resume_ && fs::exists(file, none)) {
      for (const TracePoint& point : read_trace(file)) kept += text_of(point) + '\n';
    }
    write_file_atomic(file, kept);
    lines_.emplace(file);
  }

  fs::path folder_;
  std::string id_;
  std::int64_t every_;
  bool resume_;
  std::optional<LineFile> lines_;
};

}  // namespace

fs::path trace_file(const fs::path& folder, const std::string& id) {
  return folder / "traces" / fmt::format("{}.jsonl", id);
}

fs::path trace_state_file(const fs::path& folder, const std::string& id, int epochs) {
  return folder / "traces" / fmt::format("{}.{}.safetensors", id, epochs);
}

std::vector<TracePoint> read_trace(const fs::path& file) {
  const std::string text = read_file(file, kMostBytes);
  std::map<std::pair<int, std::int64_t>, TracePoint> points;
  std::size_t begin = 0;
  for (int number = 1;; ++number) {
    const std::size_t end = text.find('\n', begin);
    if (end == std::string::npos) break;
    try {
      TracePoint point = point_of(std::string_view(text).substr(begin, end - begin));
      const std::pair place(point.epoch, point.step);
      points.insert_or_assign(place, std::move(point));
    } catch (const std::exception& error) {
      throw DataError(fmt::format("{}, line {}: {}", file.string(), number, error.what()));
    }
    begin = end + 1;
  }
  std::vector<TracePoint> sorted;
  for (auto& [place, point] : points) sorted.push_back(std::move(point));
  return sorted;
}

TracePoint Watcher::point(std::int64_t step) const {
  return {.epoch = epoch_, .step = step, .weights = trainer_->weight_digests(trial_)};
}

std::shared_ptr<Watcher> trial_trace(const fs::path& folder, const std::string& id,
                                     std::int64_t every, bool resume) {
  return std::make_shared<TrialTrace>(folder, id, every, resume);
}

}  // namespace saltus
