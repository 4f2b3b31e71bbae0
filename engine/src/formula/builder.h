// What the grammar's actions do: they build a Definition while the text is read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formula/definition.h"

namespace saltus::formula {

/// A part of the text that is wrong, and why.
struct Fault {
  const char* at;
  std::string what;
};

/// One argument of a call.
struct Argument {
  std::string_view text;  ///< where it stands
  std::string_view name;  ///< empty where it has none
  Id value = kNone;
};

/// What a parameter may be.
struct LegalValues {
  double low = ParameterDefinition{}.low;
  double high = ParameterDefinition{}.high;
};

/// All of it throws Fault. Texts are parts of the formula's text.
class Builder {
 public:
  Builder(Definition& definition, const CallActivation& call)
      : definition_(definition), call_(call) {}

  template <class Op>
  Id make(Id a, Id b = kNone) {
    return bounded(definition_.graph.make<Op>(a, b));
  }
  static double number_of(std::string_view text);
  Id number(std::string_view text) { return bounded(definition_.graph.constant(number_of(text))); }

  /// A variable, a constant or a parameter.
  Id name(std::string_view name);
  Id call(std::string_view function, const std::vector<Argument>& arguments);
  /// "b = 1 in [0, 10] learned"
  void parameter(std::string_view name, double value, const LegalValues& legal, Learned learned);
  /// Every parameter must have a value.
  void finish() const;

 private:
  Id bounded(Id id) const;
  Id call_activation(std::string_view name, const std::vector<Argument>& arguments);
  float constant_of(const Argument& argument) const;

  Definition& definition_;
  const CallActivation& call_;
  std::vector<const char*> first_use_;  ///< of each parameter
  std::vector<bool> is_given_;          ///< whether it has a value
};

}  // namespace saltus::formula
