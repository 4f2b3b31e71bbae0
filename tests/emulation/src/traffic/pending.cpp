#include "traffic/pending.h"

namespace saltus::emulation {

void PendingRequests::add(const ThreadPosition& thread, Instruction instruction, Range memory) {
  const unsigned number = thread.number / 32;
  const unsigned lane = thread.number % 32;
  if (number >= warps_.size()) warps_.resize(number + 1);
  Stream& stream = warps_[number][instruction.key()];
  if (stream.traffic == nullptr) {
    stream.kind = instruction.kind;
    stream.traffic = &places_[instruction.code];
  }
  const std::uint32_t turn = stream.turns_of_lane[lane]++ - stream.settled;
  if (turn >= stream.turns.size()) stream.turns.resize(turn + 1);
  Request& request = stream.turns[turn].request;
  if (memory.bytes != 0) {
    request.lanes |= 1u << lane;
    request.bytes = memory.bytes;
    request.places[lane] = reinterpret_cast<std::uintptr_t>(memory.begin);
  }
  stream.turns[turn].passed |= 1u << lane;
  while (!stream.turns.empty() && stream.turns.front().passed == ~0u) settle_first(stream);
}

void PendingRequests::settle() {
  for (Warp& warp : warps_)
    for (auto& [key, stream] : warp) {
      while (!stream.turns.empty()) settle_first(stream);
      stream.turns_of_lane = {};
      stream.settled = 0;
    }
}

void PendingRequests::settle_first(Stream& stream) {
  const Request& request = stream.turns.front().request;
  if (request.lanes != 0) {
    if (stream.kind == Instruction::Kind::shared)
      stream.traffic->shared += count_shared(request);
    else if (stream.kind == Instruction::Kind::load)
      stream.traffic->loads += count_global(request);
    else
      stream.traffic->stores += count_global(request);
  }
  stream.turns.pop_front();
  ++stream.settled;
}

}  // namespace saltus::emulation
