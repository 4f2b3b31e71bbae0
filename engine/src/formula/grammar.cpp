// The grammar of formulas. Sums bind less tightly than products, those less than signs, those less
// than powers; -x^2 is -(x^2), and 2^3^2 is 2^(3^2).
#include <algorithm>
#include <boost/fusion/include/adapt_struct.hpp>
#include <boost/fusion/include/std_pair.hpp>
#include <boost/spirit/home/x3.hpp>
#include <cstddef>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/error.h>

#include "formula/builder.h"

namespace saltus::formula {
namespace {

namespace x3 = boost::spirit::x3;

using Place = const char*;
using Matched = boost::iterator_range<Place>;

/// A part of the text. The grammar would take a string_view for a list of characters.
struct Token {
  std::string_view text;
};

struct BuilderTag;
template <class Context>
Builder& builder(const Context& context) {
  return x3::get<BuilderTag>(context).get();
}

// Actions: what a rule gives is _val, what its part gave is _attr.
const auto take_text = [](auto& c) {
  const Matched range = x3::_attr(c);
  x3::_val(c).text = {range.begin(), static_cast<std::size_t>(range.size())};
};
const auto keep = [](auto& c) { x3::_val(c) = x3::_attr(c); };
template <class Op>
struct Join {
  template <class Context>
  void operator()(Context& c) const {
    x3::_val(c) = builder(c).template make<Op>(x3::_val(c), x3::_attr(c));
  }
};
/// a > b is b < a.
template <class Op>
struct JoinTurned {
  template <class Context>
  void operator()(Context& c) const {
    x3::_val(c) = builder(c).template make<Op>(x3::_attr(c), x3::_val(c));
  }
};
const auto negate = [](auto& c) {
  x3::_val(c) = builder(c).template make<op::Negate>(x3::_attr(c));
};
const auto take_number = [](auto& c) { x3::_val(c) = builder(c).number(x3::_attr(c).text); };
const auto take_value = [](auto& c) { x3::_val(c) = Builder::number_of(x3::_attr(c).text); };
const auto take_negative = [](auto& c) { x3::_val(c) = -Builder::number_of(x3::_attr(c).text); };
const auto take_name = [](auto& c) {
  const std::string_view name = boost::fusion::at_c<0>(x3::_attr(c)).text;
  const auto& arguments = boost::fusion::at_c<1>(x3::_attr(c));
  x3::_val(c) = arguments ? builder(c).call(name, *arguments) : builder(c).name(name);
};
const auto take_argument = [](auto& c) {
  x3::_val(c) = {.text = boost::fusion::at_c<0>(x3::_attr(c)).text,
                 .name = boost::fusion::at_c<1>(x3::_attr(c)).value_or(Token()).text,
                 .value = boost::fusion::at_c<2>(x3::_attr(c))};
};
const auto take_parameter = [](auto& c) {
  const auto& legal = boost::fusion::at_c<2>(x3::_attr(c));
  builder(c).parameter(boost::fusion::at_c<0>(x3::_attr(c)).text,
                       boost::fusion::at_c<1>(x3::_attr(c)), legal.value_or(LegalValues()),
                       boost::fusion::at_c<3>(x3::_attr(c)).value_or(Learned::no));
};
const auto take_learned = [](auto& c) {
  x3::_val(c) = x3::_attr(c) ? Learned::channel : Learned::layer;
};
const auto take_legal = [](auto& c) {
  x3::_val(c) = {boost::fusion::at_c<0>(x3::_attr(c)), boost::fusion::at_c<1>(x3::_attr(c))};
};

// Tokens.
const auto digits = +x3::ascii::digit;
const auto exponent = x3::char_("eE") >> -x3::char_("+-") >> digits;
const auto letter = x3::ascii::alpha | x3::char_('_');
const x3::rule<struct NumberTag, Token> number_text = "a number";
const x3::rule<struct IdentifierTag, Token> identifier = "a name";
const x3::rule<struct HereTag, Token> here = "";
const auto number_text_def =
    x3::raw[x3::lexeme[((digits >> -('.' >> *x3::ascii::digit)) | ('.' >> digits)) >> -exponent]]
           [take_text];
const auto identifier_def = x3::raw[x3::lexeme[letter >> *(letter | x3::ascii::digit)]][take_text];
const auto here_def = x3::raw[x3::eps][take_text];
const x3::rule<struct AssignTag> assign = "'='";
const auto assign_def = x3::lit('=') >> !x3::lit('=');
// A rule of its own, so that it leaves nothing behind where the '=' is missing.
const x3::rule<struct LabelTag, Token> label = "a name";
const auto label_def = (identifier >> assign)[keep];

BOOST_SPIRIT_DEFINE(number_text, identifier, here, assign, label)

// Expressions. What is expected names the variables of each formula.
constexpr const char* kOperand = "an operand";
const x3::rule<struct ConditionTag, Id> condition = kOperand;
const x3::rule<struct SumTag, Id> sum = kOperand;
const x3::rule<struct ProductTag, Id> product = kOperand;
const x3::rule<struct SignedTag, Id> signed_power = kOperand;
const x3::rule<struct PowerTag, Id> power = kOperand;
const x3::rule<struct AtomTag, Id> atom = kOperand;
const x3::rule<struct ArgumentTag, Argument> argument = "an argument";
const x3::rule<struct ArgumentsTag, std::vector<Argument>> arguments = "arguments";

const auto condition_def = sum[keep] >>
                           -(("<=" > sum)[Join<op::LessEqual>()] | ('<' > sum)[Join<op::Less>()] |
                             (">=" > sum)[JoinTurned<op::LessEqual>()] |
                             ('>' > sum)[JoinTurned<op::Less>()] | ("==" > sum)[Join<op::Equal>()]);
const auto sum_def = product[keep] >>
                     *(('+' > product)[Join<op::Add>()] | ('-' > product)[Join<op::Subtract>()]);
const auto product_def = signed_power[keep] >> *(('*' > signed_power)[Join<op::Multiply>()] |
                                                 ('/' > signed_power)[Join<op::Divide>()]);
const auto signed_power_def =
    ('-' > signed_power)[negate] | ('+' > signed_power)[keep] | power[keep];
const auto power_def = atom[keep] >> -('^' > signed_power)[Join<op::Power>()];
const auto atom_def = number_text[take_number] | (identifier >> -arguments)[take_name] |
                      ('(' > condition > ')')[keep];
const auto argument_def = (here >> -label >> condition)[take_argument];
const auto arguments_def = '(' > (argument % ',') > ')';

BOOST_SPIRIT_DEFINE(condition, sum, product, signed_power, power, atom, argument, arguments)

// The whole text.
const x3::rule<struct ValueTag, double> value = "a number";
const x3::rule<struct LegalTag, LegalValues> legal = "an interval";
const x3::rule<struct LearnedTag, Learned> learned = "learned";
const x3::rule<struct ParameterTag> parameter = "a parameter";
const auto value_def = ('-' > number_text)[take_negative] | number_text[take_value];
const auto legal_def = ("in" > x3::lit('[') > value > ',' > value > ']')[take_legal];
const auto learned_def = (x3::lit("learned") >> x3::matches["channel"])[take_learned];
const auto parameter_def = (identifier > assign > value > -legal > -learned)[take_parameter];

BOOST_SPIRIT_DEFINE(value, legal, learned, parameter)

[[noreturn]] void throw_fault(std::string_view text, Place at, std::string_view what) {
  const auto column = static_cast<std::size_t>(at - text.data());
  constexpr std::size_t kShown = 70;
  const std::size_t first = column > kShown ? column - kShown / 2 : 0;
  throw InvalidArgument(fmt::format("in the formula, at column {}: {}\n  {}\n  {}^", column + 1,
                                    what, text.substr(first, kShown),
                                    std::string(column - first, ' ')));
}

void refuse_what_is_too_much(std::string_view text) {
  if (text.size() > kLongest) {
    throw InvalidArgument(
        fmt::format("the formula has {} characters, more than {}", text.size(), kLongest));
  }
  const auto odd = std::ranges::find_if(text, [](char c) { return c < ' ' || c > '~'; });
  if (odd != text.end() && *odd != '\t' && *odd != '\n')
    throw_fault(text, &*odd, "a formula is written in ASCII: * for times, ^ for a power");
  int depth = 0;
  for (const char& c : text) {
    if (c == '(' && ++depth > kDeepest)
      throw_fault(text, &c, fmt::format("more than {} parentheses in each other", kDeepest));
    if (c == ')') --depth;
  }
}

}  // namespace

Definition read_definition(std::string_view text, const CallActivation& call, Variables variables) {
  refuse_what_is_too_much(text);
  Definition definition;
  definition.variables = variables;
  Builder build(definition, call);
  Place at = text.data();
  const Place end = at + text.size();
  const auto take_formula = [&](auto& c) {
    definition.name = boost::fusion::at_c<0>(x3::_attr(c)).value_or(Token()).text;
    definition.root = boost::fusion::at_c<1>(x3::_attr(c));
  };
  const auto whole = x3::with<BuilderTag>(
      std::ref(build))[(-label > condition)[take_formula] >> *(';' > parameter)];
  try {
    const bool is_read = x3::phrase_parse(at, end, whole, x3::ascii::space);
    if (!is_read || at != end)
      throw Fault{at,
                  at == end ? "the formula ends too early" : "expected an operator, or the end"};
    build.finish();
    order_parameters(definition);
  } catch (const x3::expectation_failure<Place>& failure) {
    const std::string operand =
        fmt::format("a number, {}, or a function", fmt::join(variables, ", "));
    throw_fault(
        text, failure.where(),
        fmt::format("expected {}", failure.which() == kOperand ? operand : failure.which()));
  } catch (const Fault& fault) {
    throw_fault(text, fault.at, fault.what);
  }
  return definition;
}

}  // namespace saltus::formula
