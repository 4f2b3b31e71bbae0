#include "graph/kind.h"

namespace saltus {
namespace {

struct KindOf {
  Kind operator()(const layers::Input&) const { return {"InputLayer", "input_layer"}; }
  Kind operator()(const layers::Conv2D&) const { return {"Conv2D", "conv2d"}; }
  Kind operator()(const layers::Dense&) const { return {"Dense", "dense"}; }
  Kind operator()(const layers::Flatten&) const { return {"Flatten", "flatten"}; }
  Kind operator()(const layers::Reshape&) const { return {"Reshape", "reshape"}; }
  Kind operator()(const Activation&) const { return {"Activation", "activation"}; }
  Kind operator()(const layers::Softmax&) const { return {"Softmax", "softmax"}; }
  Kind operator()(const layers::LogSoftmax&) const { return {"LogSoftmax", "log_softmax"}; }
  Kind operator()(const layers::PReLU&) const { return {"PReLU", "p_re_lu"}; }
  Kind operator()(const layers::MaxPooling2D&) const { return {"MaxPooling2D", "max_pooling2d"}; }
  Kind operator()(const layers::AveragePooling2D&) const {
    return {"AveragePooling2D", "average_pooling2d"};
  }
  Kind operator()(const layers::GlobalAveragePooling2D&) const {
    return {"GlobalAveragePooling2D", "global_average_pooling2d"};
  }
  Kind operator()(const layers::Dropout&) const { return {"Dropout", "dropout"}; }
  Kind operator()(const layers::AlphaDropout&) const { return {"AlphaDropout", "alpha_dropout"}; }
  Kind operator()(const layers::BatchNormalization&) const {
    return {"BatchNormalization", "batch_normalization"};
  }
  Kind operator()(const layers::Add&) const { return {"Add", "add"}; }
};

}  // namespace

Kind kind_of(const Layer& layer) {
  return std::visit(KindOf{}, layer);
}

std::string_view kind_name(const Layer& layer) {
  return kind_of(layer).class_name;
}

}  // namespace saltus
