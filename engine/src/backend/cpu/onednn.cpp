#include "backend/cpu/onednn.h"

namespace saltus::cpu {

const dnnl::engine& onednn_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::memory::data_type onednn_type(plan::DType type) {
  switch (type) {
    case plan::DType::f32:
      return dnnl::memory::data_type::f32;
    case plan::DType::bf16:
      return dnnl::memory::data_type::bf16;
    case plan::DType::u8:
      return dnnl::memory::data_type::u8;
  }
  return dnnl::memory::data_type::undef;
}

dnnl::primitive_attr user_scratchpad() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

Primitive::Primitive(const dnnl::primitive& primitive, const dnnl::memory::desc& scratchpad,
                     const std::vector<std::pair<int, dnnl::memory::desc>>& descs, int workers)
    : primitive_(primitive) {
  for (int worker = 0; worker < workers; ++worker) {
    Arguments arguments;
    arguments.stream = dnnl::stream(onednn_engine());
    for (const auto& [number, desc] : descs) {
      arguments.memories.emplace_back(desc, onednn_engine(), nullptr);
      arguments.all.emplace(number, arguments.memories.back());
    }
    if (scratchpad.get_size() > 0) {
      arguments.all.emplace(DNNL_ARG_SCRATCHPAD, dnnl::memory(scratchpad, onednn_engine()));
    }
    workers_.push_back(std::move(arguments));
  }
}

void Primitive::run(int worker, std::initializer_list<const void*> data) const {
  const Arguments& arguments = workers_[static_cast<std::size_t>(worker)];
  std::size_t number = 0;
  // oneDNN takes inputs and outputs alike as void*; it does not write to inputs.
  for (const void* address : data) {
    if (address != nullptr)
      arguments.memories[number++].set_data_handle(const_cast<void*>(address));
  }
  primitive_.execute(arguments.stream, arguments.all);
}

}  // namespace saltus::cpu
