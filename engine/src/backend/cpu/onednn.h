// oneDNN (its v2 interface) as the CPU backend uses it: primitives made once for one thread, run by
// any worker.
#pragma once

#include <dnnl.hpp>
#include <unordered_map>
#include <vector>

#include "plan/tensor.h"

namespace saltus::cpu {

/// The CPU engine of oneDNN.
const dnnl::engine& onednn_engine();

/// oneDNN's name of an element type.
dnnl::memory::data_type onednn_type(plan::DType type);

/// A primitive that several workers may run at once, each with its own arguments and scratch
/// memory.
class Primitive {
 public:
  Primitive() = default;

  /// `descs` names the arguments and what they look like.
  Primitive(const dnnl::primitive& primitive, const dnnl::memory::desc& scratchpad,
            const std::vector<std::pair<int, dnnl::memory::desc>>& descs, int workers);

  /// Runs on the calling thread. `data` gives the arguments' addresses in the order of `descs`;
  /// null ones, which stand for arguments that the primitive does not have, are passed over.
  void run(int worker, std::initializer_list<const void*> data) const;

 private:
  struct Arguments {
    std::vector<dnnl::memory> memories;  ///< in the order of descs; handles of those in `all`
    std::unordered_map<int, dnnl::memory> all;
    dnnl::stream stream;
  };
  dnnl::primitive primitive_;
  std::vector<Arguments> workers_;
};

/// Attributes of all our primitives: scratch memory is the caller's, so that workers do not share
/// it.
dnnl::primitive_attr user_scratchpad();

}  // namespace saltus::cpu
