// Captured streams.
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/emulated/work.h"

namespace saltus::test {
namespace {

/// What `work` puts into the stream, as a graph; nullptr and `error` where that failed.
template <class Work>
cudaGraph_t capture(cudaStream_t stream, const Work& work, cudaError_t* error = nullptr) {
  SALTUS_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  work();
  cudaGraph_t graph = nullptr;
  const cudaError_t ended = cudaStreamEndCapture(stream, &graph);
  if (error != nullptr) *error = ended;
  cudaGetLastError();
  return graph;
}

__global__ void add_second_to_first(int* values) {
  values[0] += values[1];
}

class Executable {
 public:
  explicit Executable(cudaGraph_t graph) {
    SALTUS_CHECK(cudaGraphInstantiate(&executable_, graph));
    SALTUS_CHECK(cudaGraphDestroy(graph));
  }
  ~Executable() { cudaGraphExecDestroy(executable_); }
  Executable(const Executable&) = delete;
  Executable& operator=(const Executable&) = delete;
  void launch(cudaStream_t stream) const { SALTUS_CHECK(cudaGraphLaunch(executable_, stream)); }
  [[nodiscard]] cudaGraphExec_t get() const { return executable_; }

 private:
  cudaGraphExec_t executable_ = nullptr;
};

TEST(EmulatedGraph, ReplaysWhatWasCaptured) {
  for (const auto kind : {emulation::Streams::Kind::eager, emulation::Streams::Kind::lazy}) {
    const WithStreams with({kind, 0});
    const DeviceArray<int> device(std::vector<int>{7});
    const PinnedInt result;
    const OwnStream own;
    int addend = 1;
    const Executable graph(capture(own, [&] {
      SALTUS_CHECK(cudaMemsetAsync(device.data(), 0, sizeof(int), own));
      add(own, device.data(), addend);
      multiply(own, device.data(), 5);
      copy_out(own, device.data(), result);
      addend = 100;
    }));
    EXPECT_EQ(device.read()[0], 7) << "nothing has run";
    SALTUS_CHECK(cudaGraphUpload(graph.get(), own));
    graph.launch(own);
    graph.launch(own);
    SALTUS_CHECK(cudaStreamSynchronize(own));
    EXPECT_EQ(*result, 5) << "arguments are those of the capture";
  }
}

TEST(EmulatedGraph, HoldsForksAndJoins) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const WithStreams with({emulation::Streams::Kind::shuffle, seed});
    const DeviceArray<int> device(std::vector<int>{1, 1});
    const OwnStream own;
    const OwnStream other;
    const OwnEvent forked;
    const OwnEvent joined;
    const Executable graph(capture(own, [&] {
      add(own, device.data(), 1);
      SALTUS_CHECK(cudaEventRecord(forked, own));
      SALTUS_CHECK(cudaStreamWaitEvent(other, forked));
      multiply(other, device.data() + 1, 3);
      add(own, device.data(), 1);
      SALTUS_CHECK(cudaEventRecord(joined, other));
      SALTUS_CHECK(cudaStreamWaitEvent(own, joined));
      kernels::launch<add_second_to_first>(1, dim3(1), 0, own, device.data());
    }));
    graph.launch(own);
    graph.launch(other);
    SALTUS_CHECK(cudaDeviceSynchronize());
    EXPECT_EQ(device.read()[0], 1 + 2 + 3 + 2 + 9) << "launches of one graph come one by one";
  }
}

TEST(EmulatedGraph, RefusesWhatACaptureForbids) {
  const DeviceArray<int> device(1);
  const OwnStream own;
  const OwnEvent event;
  std::vector<int> pageable(1);
  void* memory = nullptr;
  cudaError_t error = cudaSuccess;
  const auto refused = [&](const auto& call) {
    cudaError_t inside = cudaSuccess;
    EXPECT_EQ(capture(
                  own, [&] { inside = call(); }, &error),
              nullptr);
    EXPECT_EQ(error, cudaErrorStreamCaptureInvalidated);
    return inside;
  };
  EXPECT_EQ(refused([&] { return cudaStreamSynchronize(own); }), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(refused([&] { return cudaStreamQuery(own); }), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(refused([&] { return cudaDeviceSynchronize(); }), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(refused([&] { return cudaMalloc(&memory, 4); }), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(refused([&] { return cudaFree(device.data()); }), cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(refused([&] {
              return cudaMemcpyAsync(pageable.data(), device.data(), 4, cudaMemcpyDeviceToHost,
                                     own);
            }),
            cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(refused([&] { return cudaStreamBeginCapture(own, cudaStreamCaptureModeGlobal); }),
            cudaErrorStreamCaptureUnsupported);
  EXPECT_EQ(refused([&] {
              cudaStreamSynchronize(own);
              return cudaMemsetAsync(device.data(), 0, 4, own);
            }),
            cudaErrorStreamCaptureInvalidated)
      << "after the first error";
}

TEST(EmulatedGraph, TellsWhatIsWrongWithACapture) {
  const DeviceArray<int> device(std::vector<int>{1});
  const OwnStream own;
  const OwnStream other;
  const OwnEvent before;
  const OwnEvent inside;
  cudaError_t error = cudaSuccess;
  SALTUS_CHECK(cudaEventRecord(before, other));

  EXPECT_EQ(
      capture(
          own,
          [&] { EXPECT_EQ(cudaStreamWaitEvent(own, before), cudaErrorStreamCaptureIsolation); },
          &error),
      nullptr);
  EXPECT_EQ(error, cudaErrorStreamCaptureInvalidated);

  EXPECT_EQ(capture(
                own,
                [&] {
                  SALTUS_CHECK(cudaEventRecord(inside, own));
                  EXPECT_EQ(cudaEventSynchronize(inside), cudaErrorCapturedEvent);
                  EXPECT_EQ(cudaEventQuery(inside), cudaErrorCapturedEvent);
                  SALTUS_CHECK(cudaStreamWaitEvent(other, inside));
                  add(other, device.data(), 1);
                },
                &error),
            nullptr);
  EXPECT_EQ(error, cudaErrorStreamCaptureUnjoined);
  EXPECT_EQ(cudaStreamWaitEvent(other, inside), cudaErrorCapturedEvent) << "its capture has ended";

  cudaGraph_t graph = nullptr;
  EXPECT_EQ(cudaStreamEndCapture(own, &graph), cudaErrorInvalidValue) << "never begun";
  EXPECT_EQ(capture(own,
                    [&] {
                      SALTUS_CHECK(cudaEventRecord(inside, own));
                      SALTUS_CHECK(cudaStreamWaitEvent(other, inside));
                      EXPECT_EQ(cudaStreamEndCapture(other, &graph),
                                cudaErrorStreamCaptureUnmatched);
                    }),
            nullptr);
  add(other, device.data(), 1);
  EXPECT_EQ(device.read()[0], 2) << "streams run again";
}

TEST(EmulatedGraph, EndsWithItsStream) {
  {
    const OwnStream own;
    SALTUS_CHECK(cudaStreamBeginCapture(own, cudaStreamCaptureModeGlobal));
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    SALTUS_CHECK(cudaStreamIsCapturing(own, &status));
    EXPECT_EQ(status, cudaStreamCaptureStatusActive);
  }
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
}

TEST(EmulatedGraph, MayBeDestroyedBeforeItRuns) {
  const WithStreams with({emulation::Streams::Kind::lazy, 0});
  const DeviceArray<int> device(std::vector<int>{1});
  const OwnStream own;
  {
    const Executable graph(capture(own, [&] { add(own, device.data(), 1); }));
    graph.launch(own);
  }
  SALTUS_CHECK(cudaStreamSynchronize(own));
  EXPECT_EQ(device.read()[0], 2);
}

#if defined(__SANITIZE_ADDRESS__)

void forget_graphs() {
  const OwnStream own;
  for (int i = 0; i < 3; ++i)  // the last may still be seen in a register
    static_cast<void>(capture(own, [] {}));
}

TEST(EmulatedGraphDeathTest, IsSeenByLeakSanitizer) {
  EXPECT_DEATH(
      {
        forget_graphs();
        std::exit(0);
      },
      "LeakSanitizer: detected memory leaks");
}

#endif

}  // namespace
}  // namespace saltus::test
