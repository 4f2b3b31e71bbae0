#include "measure.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "arena.h"

namespace saltus::bench {
namespace {

class Event {
 public:
  Event() { SALTUS_CHECK(cudaEventCreate(&event_)); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  [[nodiscard]] cudaEvent_t get() const { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

/// A computation, captured `repeats` times.
class Replay {
 public:
  Replay(const Start& start, int sets, int repeats) : repeats_(repeats) {
    const cudaStream_t stream = bench_stream();
    cudaGraph_t graph = nullptr;
    SALTUS_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    try {
      for (int i = 0; i < repeats; ++i) start(i % sets, stream);
    } catch (...) {  // the stream must be of use to others
      if (cudaStreamEndCapture(stream, &graph) == cudaSuccess) cudaGraphDestroy(graph);
      throw;
    }
    SALTUS_CHECK(cudaStreamEndCapture(stream, &graph));
    const cudaError_t made = cudaGraphInstantiate(&executable_, graph);
    cudaGraphDestroy(graph);
    SALTUS_CHECK(made);
    SALTUS_CHECK(cudaGraphUpload(executable_, stream));
  }
  ~Replay() {
    if (executable_ != nullptr) cudaGraphExecDestroy(executable_);
  }
  Replay(Replay&& other) noexcept
      : executable_(std::exchange(other.executable_, nullptr)), repeats_(other.repeats_) {}
  Replay& operator=(Replay&&) = delete;

  /// Seconds of one computation.
  [[nodiscard]] double run() const {
    const Event begin;
    const Event end;
    SALTUS_CHECK(cudaEventRecord(begin.get(), bench_stream()));
    SALTUS_CHECK(cudaGraphLaunch(executable_, bench_stream()));
    SALTUS_CHECK(cudaEventRecord(end.get(), bench_stream()));
    SALTUS_CHECK(cudaEventSynchronize(end.get()));
    float milliseconds = 0;
    SALTUS_CHECK(cudaEventElapsedTime(&milliseconds, begin.get(), end.get()));
    return double{milliseconds} / 1e3 / repeats_;
  }

  [[nodiscard]] int repeats() const { return repeats_; }

 private:
  cudaGraphExec_t executable_ = nullptr;
  int repeats_;
};

/// Long enough a graph. The first calls, outside of any capture, are those that load modules and
/// choose algorithms.
Replay long_replay(const Start& start, int sets, double seconds) {
  for (int set = 0; set < sets; ++set) start(set, bench_stream());
  SALTUS_CHECK(cudaStreamSynchronize(bench_stream()));
  const Replay once(start, sets, sets);
  static_cast<void>(once.run());
  constexpr double kMost = 1000;
  const double wanted = std::ceil(seconds / std::max(once.run(), 1e-9));
  const auto turns = static_cast<int>(std::ceil(std::min(wanted, kMost) / sets));
  return {start, sets, std::max(turns, 1) * sets};
}

}  // namespace

double Result::median() const {
  std::vector<double> sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t n = sorted.size();
  if (n == 0) return std::nan("");
  return n % 2 == 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

std::vector<Result> measure(const Contest& contest, const Protocol& protocol) {
  std::vector<Result> results;
  std::vector<std::optional<Replay>> replays;
  for (const Contestant& contestant : contest.contestants) {
    results.push_back({contestant.name, contestant.note, 0, {}});
    replays.emplace_back();
    if (!contestant.start) continue;
    replays.back().emplace(long_replay(contestant.start, contest.sets, protocol.seconds_of_graph));
    results.back().repeats = replays.back()->repeats();
    static_cast<void>(replays.back()->run());  // warm
  }
  const std::size_t n = results.size();
  for (int round = 0; round < protocol.rounds; ++round)
    for (std::size_t turn = 0; turn < n; ++turn) {
      const std::size_t who = (static_cast<std::size_t>(round) + turn) % n;
      if (replays[who]) results[who].seconds.push_back(replays[who]->run());
    }
  return results;
}

}  // namespace saltus::bench
