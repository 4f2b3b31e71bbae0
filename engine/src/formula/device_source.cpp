#include "formula/device_source.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>

#include <fmt/format.h>

#include "formula/device_statements.h"
#include "formula/extremes.h"

namespace saltus::formula {
namespace {

/// The member of Source that finds "Loss0" by 0 and "Loss1" by 1.
std::string finder(std::string_view member, std::string_view name, std::size_t count) {
  std::string cases;
  for (std::size_t i = 0; i < count; ++i)
    cases +=
        fmt::format("      case {}: return function.template operator()<{}{}>();\n", i, name, i);
  return fmt::format(
      "  template <class Function>\n"
      "  SALTUS_HD static void {}([[maybe_unused]] int number, [[maybe_unused]] Function&& "
      "function) "
      "{{\n{}  }}\n",
      member, count == 0 ? "" : fmt::format("    switch (number) {{\n{}    }}\n", cases));
}

std::string use_of(const Use& use, std::ptrdiff_t number) {
  const Extent extent = extent_of(*use.formula, use.parameters);
  const Limit left = limit_at(*use.formula, use.parameters, false);
  const Limit right = limit_at(*use.formula, use.parameters, true);
  return fmt::format("    {{{}, {}, {}, {{{}, {}}}, {{{}, {}}}}},\n", number, literal(extent.low),
                     literal(extent.high), literal(left.value), literal(left.slope),
                     literal(right.value), literal(right.slope));
}

std::string struct_of(const Formula& formula, std::size_t number) {
  const ProgramView program = formula.program().view();
  return fmt::format("// {}\nstruct Formula{} {{\n{}{}}};\n\n", formula.definition().formula(),
                     number,
                     float_function("evaluate", program, std::array{program.y, program.slope}),
                     wide_function("evaluate_wide", formula.graph(),
                                   std::array{formula.value(), formula.slope()}));
}

/// Structs of the formulas, each once, and a table of their uses.
struct Activations {
  std::string structs;
  std::string table;
  std::size_t count = 0;

  explicit Activations(const std::vector<Use>& uses) {
    std::vector<const Formula*> formulas;
    for (const Use& use : uses) {
      auto place = std::ranges::find(formulas, use.formula);
      if (place == formulas.end()) {
        structs += struct_of(*use.formula, formulas.size());
        place = formulas.insert(formulas.end(), use.formula);
      }
      table += use_of(use, place - formulas.begin());
    }
    count = formulas.size();
  }
};

std::string struct_of(const LearnedFormula& formula, std::size_t number) {
  const ProgramView value = formula.value_program().view();
  const ProgramView derivatives = formula.derivative_program().view();
  std::vector<int> slots = {derivatives.slope};
  std::vector<Id> roots = {formula.value(), formula.derivatives().slope};
  for (std::size_t i = 0; i < formula.derivatives().by_parameter.size(); ++i) {
    roots.push_back(formula.derivatives().by_parameter[i]);
    slots.push_back(roots.back() == kNone ? -1 : derivatives.by_parameter[i]);
  }
  return fmt::format("struct Learned{} {{\n{}{}{}}};\n\n", number,
                     float_function("value", value, std::array{value.y}),
                     float_function("slopes", derivatives, slots),
                     wide_function("evaluate_wide", formula.graph(), roots));
}

std::string struct_of(const LossUse& use, std::size_t number) {
  const ProgramView program =
      (use.with_slope ? use.formula.program() : use.formula.value_program()).view();
  return fmt::format("// {}\nstruct Loss{} {{\n{}}};\n\n", use.formula.text(), number,
                     loss_function("evaluate", program,
                                   std::array{program.y, use.with_slope ? program.slope : -1}));
}

}  // namespace

std::string device_source(const DeviceFormulas& formulas) {
  const Activations activations(formulas.activations);
  std::string structs = activations.structs;
  for (std::size_t i = 0; i < formulas.learned.size(); ++i)
    structs += struct_of(*formulas.learned[i], i);
  for (std::size_t i = 0; i < formulas.losses.size(); ++i)
    structs += struct_of(formulas.losses[i], i);
  return fmt::format(
      "#include <saltus/kernels/formula/run.h>\n\n"
      "namespace saltus::kernels::formula {{\n"
      "namespace {{\n\n{}"
      "SALTUS_TABLE Use kUses[] = {{\n{}    {{}}}};  // the last is none\n\n"
      "struct Source {{\n"
      "  SALTUS_HD static const Use& use(int number) {{ return kUses[number]; }}\n"
      "{}{}{}}};\n\n"
      "}}  // namespace\n\n"
      "SALTUS_LINK(Source)\n\n"
      "}}  // namespace saltus::kernels::formula\n",
      structs, activations.table, finder("with_formula", "Formula", activations.count),
      finder("with_learned", "Learned", formulas.learned.size()),
      finder("with_loss", "Loss", formulas.losses.size()));
}

}  // namespace saltus::formula
