#include "execution/scheduler.h"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <numeric>
#include <utility>

#include "execution/watch.h"

uint3 threadIdx = {};
uint3 blockIdx = {};
dim3 blockDim;
dim3 gridDim;

namespace saltus::emulation {

Position position;
Scheduler scheduler;

const char* file_of(Site site) {
  const char* slash = std::strrchr(site.file_name(), '/');
  return slash == nullptr ? site.file_name() : slash + 1;
}

std::string place(Site site) {
  return std::string(file_of(site)) + ":" + std::to_string(site.line());
}

void fault(cudaError_t code, const char* format, ...) {
  position.in_kernel = false;
  std::array<char, 512> message{};
  std::va_list values;
  va_start(values, format);
  std::vsnprintf(message.data(), message.size(), format, values);
  va_end(values);
  scheduler.note_fault(code, message.data());
  scheduler.stop();
}

void fault_later(cudaError_t code, const std::string& message) {
  scheduler.note_fault(code, message);
}

std::string running_in() {
  return scheduler.running_in();
}

std::optional<Fault> Scheduler::run(const Launch& launch) {
  launch_ = &launch;
  fault_.reset();
  const Watch watch(time_limit_);
  ++position.launch;
  random_state_ = (order_.seed + position.launch) * 0x9E3779B97F4A7C15u | 1u;
  blockDim = launch.block;
  gridDim = launch.grid;
  prepare_threads(launch.block);
  const std::uint64_t blocks = std::uint64_t{launch.grid.x} * launch.grid.y * launch.grid.z;
  if (sample_ != 0) {
    const std::uint64_t plane = std::uint64_t{launch.grid.x} * launch.grid.y;
    const std::uint64_t count = std::min(sample_, plane);
    for (std::uint64_t i = 0; i < count && !fault_; ++i)
      run_block((2 * i + 1) * plane / (2 * count));
  } else if (blocks_ == Blocks::last) {
    run_block(blocks - 1);
  } else if (order_.kind == Order::Kind::shuffle) {
    for (const std::uint64_t block : block_order(blocks))
      if (!fault_) run_block(block);
  } else {
    for (std::uint64_t i = 0; i < blocks && !fault_; ++i)
      run_block(order_.kind == Order::Kind::forward ? i : blocks - 1 - i);
  }
  return std::exchange(fault_, std::nullopt);
}

std::vector<std::uint64_t> Scheduler::block_order(std::uint64_t blocks) {
  std::vector<std::uint64_t> order(blocks);
  std::iota(order.begin(), order.end(), std::uint64_t{0});
  for (std::uint64_t i = blocks; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  return order;
}

std::uint64_t Scheduler::random() {  // xorshift64
  random_state_ ^= random_state_ << 13;
  random_state_ ^= random_state_ >> 7;
  random_state_ ^= random_state_ << 17;
  return random_state_ >> 8;
}

void Scheduler::prepare_threads(dim3 block) {
  const unsigned count = block.x * block.y * block.z;
  threads_.resize(count);
  warps_.resize((count + 31) / 32);
  in_order_.resize(count);
  for (unsigned i = 0; i < count; ++i) {
    threads_[i].position.index = {i % block.x, i / block.x % block.y, i / (block.x * block.y)};
    threads_[i].position.number = i;
    in_order_[order_.kind == Order::Kind::reverse ? i : count - 1 - i] = &threads_[i];
  }
}

void Scheduler::run_block(std::uint64_t number) {
  const dim3 grid = launch_->grid;
  position.block = number;
  position.barrier_epoch = 0;
  blockIdx = {static_cast<unsigned>(number % grid.x),
              static_cast<unsigned>(number / grid.x % grid.y),
              static_cast<unsigned>(number / grid.x / grid.y)};
  arena_.begin_block(launch_->dynamic_bytes, launch_->shared_limit);
  for (Thread& thread : threads_) {
    thread.fiber = nullptr;
    thread.ended = false;
    thread.position.warp_epoch = 0;
    thread.copies.clear();
    thread.closed_groups = 0;
  }
  for (Warp& warp : warps_) {
    warp.gone = 0;
    warp.meetings.clear();
  }
  if (const unsigned lanes = thread_count() % 32; lanes != 0) warps_.back().gone = ~0u << lanes;
  ready_ = in_order_;
  ended_ = 0;
  arrived_ = 0;
  votes_ = 0;

  host_.switch_to(choose());

  position.in_kernel = false;
  position.thread = nullptr;
  running_ = nullptr;
  if (fault_) fibers_.abandon();
}

void Scheduler::run_threads(Fiber& fiber) {
  for (;;) {
    position.in_kernel = true;
    const KernelCall& call = scheduler.launch_->call;
    call.call(call.object);
    position.in_kernel = false;
    scheduler.end_thread();
    scheduler.fibers_.give_back(fiber);
    scheduler.leave(fiber);
  }
}

void Scheduler::end_thread() {
  Thread& thread = *running_;
  if (!thread.copies.empty())
    note_fault(cudaErrorLaunchFailure, "the thread exits with cp.async of " +
                                           place(thread.copies.front().site) + " under way");
  thread.ended = true;
  thread.fiber = nullptr;
  ++ended_;
  warps_[thread.position.number / 32].gone |= 1u << thread.lane();
}

/// Gives way to the next thread, on `fiber`.
void Scheduler::leave(Fiber& fiber) {
  Fiber& next = choose();
  if (&next != &fiber) fiber.switch_to(next);
}

/// The fiber of whoever runs next; the host's own when the block is done.
Fiber& Scheduler::choose() {
  if (time_is_up) note_fault(cudaErrorLaunchTimeout, "the launch takes too long");
  if (fault_) return host_;
  if (ready_.empty()) {
    if (ended_ != thread_count()) note_fault(cudaErrorLaunchFailure, who_waits());
    return host_;
  }
  if (order_.kind == Order::Kind::shuffle)
    std::swap(ready_[random() % ready_.size()], ready_.back());
  Thread& thread = *ready_.back();
  ready_.pop_back();
  if (thread.fiber == nullptr) {
    thread.fiber = &fibers_.take();
    thread.position.stack = thread.fiber->stack();
  }
  enter(thread);
  return *thread.fiber;
}

void Scheduler::enter(Thread& thread) {
  running_ = &thread;
  threadIdx = thread.position.index;
  position.thread = &thread.position;
}

int Scheduler::wait_for_block(const char* name, bool vote, Site site) {
  const RuntimeScope scope;
  Thread& thread = *running_;
  thread.waits_in = name;
  thread.site = site;
  if (arrived_ == 0) {
    barrier_name_ = name;
    barrier_site_ = site;
  }
  if (!same_site(site, barrier_site_))
    fault(cudaErrorLaunchFailure, "comes to %s at %s:%u while %u thread(s) wait in %s at %s:%u",
          name, file_of(site), site.line(), arrived_, barrier_name_, file_of(barrier_site_),
          barrier_site_.line());
  if (vote) ++votes_;
  if (++arrived_ == thread_count()) release_block();
  leave(*thread.fiber);
  return votes_of_last_;
}

void Scheduler::release_block() {
  votes_of_last_ = std::exchange(votes_, 0);
  arrived_ = 0;
  ++position.barrier_epoch;
  ready_ = in_order_;  // all waited: nobody else was ready
}

std::string Scheduler::who_waits() const {
  std::map<std::string, std::pair<int, unsigned>> places;  // how many, the first
  for (const Thread& thread : threads_) {
    if (thread.ended) continue;
    auto& [count, first] = places[std::string(thread.waits_in) + " at " + place(thread.site)];
    if (count++ == 0) first = thread.position.number;
  }
  std::string text = std::to_string(ended_) + " thread(s) exited";
  for (const auto& [where, who] : places)
    text += "; " + std::to_string(who.first) + " wait in " + where + " (first: thread " +
            std::to_string(who.second) + ")";
  return text;
}

std::string Scheduler::running_in() const {
  const auto triple = [](uint3 v) {
    return std::to_string(v.x) + "," + std::to_string(v.y) + "," + std::to_string(v.z);
  };
  return "kernel " + launch_->kernel + ", block " + triple(blockIdx) + ", thread " +
         triple(threadIdx);
}

void Scheduler::note_fault(cudaError_t code, const std::string& message) {
  if (!fault_) fault_ = Fault{code, running_in() + ": " + message};
}

void Scheduler::stop() {
  running_->fiber->switch_to(host_);
  std::abort();
}

void set_order(Order order) {
  scheduler.set_order(order);
}

void set_blocks(Blocks blocks) {
  scheduler.set_blocks(blocks);
}

void set_sample(std::uint64_t blocks) {
  scheduler.set_sample(blocks);
}

void set_time_limit(std::chrono::milliseconds limit) {
  scheduler.set_time_limit(limit);
}

int block_barrier(const char* name, bool vote, Site site) {
  return scheduler.wait_for_block(name, vote, site);
}

int block_threads() {
  return static_cast<int>(scheduler.thread_count());
}

void trap(Site site) {
  fault(cudaErrorLaunchFailure, "__trap at %s:%u", file_of(site), site.line());
}

void* shared_variable(const void* key, std::size_t bytes, std::size_t alignment, Site site) {
  const RuntimeScope scope;
  SharedArena& arena = scheduler.arena();
  void* memory = arena.variable(key, bytes, alignment);
  if (memory == nullptr)
    fault(cudaErrorLaunchOutOfResources,
          "%s:%u declares %zu bytes of shared memory beyond %zu; the launch may use %zu",
          file_of(site), site.line(), bytes, arena.used(), arena.limit());
  return memory;
}

void* dynamic_shared() {
  return scheduler.arena().dynamic();
}

}  // namespace saltus::emulation
