// "Which kernel reads which field": the table of include/k754/README.md, held against the headers.
#include <k754/argmax.hpp>
#include <k754/conv2d.hpp>
#include <k754/cross_entropy.hpp>
#include <k754/exp_log.hpp>
#include <k754/softmax.hpp>
#include <k754/where.hpp>
#include <k754/xlogy.hpp>

#include <fstream>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "../support/case_count.hpp"
#include "../support/catch.hpp"

namespace k754_test {
namespace {

using namespace k754;
using detail::entropy_input::logits;
using enum detail::entropy_kernel;

/// The columns: each kernel's reduction of a policy to the fields that it reads.
using reduction = policy (*)(const policy&);

const std::map<std::string, reduction> kernels = {
    {"argmin, argmax", [](const policy& p) { return detail::argmax_policy<float>(p); }},
    {"softmax, log_softmax",
     [](const policy& p) { return detail::softmax_policy(detail::row_kernel::softmax, false, p); }},
    {"masked forms",
     [](const policy& p) { return detail::softmax_policy(detail::row_kernel::log_softmax, true, p); }},
    {"logsumexp",
     [](const policy& p) { return detail::softmax_policy(detail::row_kernel::logsumexp, false, p); }},
    {"softmax gradients",
     [](const policy& p) { return detail::softmax_policy(detail::row_kernel::softmax_backward, true, p); }},
    {"cross_entropy, index labels",
     [](const policy& p) { return detail::entropy_policy<loss, logits, std::int32_t>(p); }},
    {"cross_entropy, probability labels",
     [](const policy& p) { return detail::entropy_policy<label_backward, logits, float>(p); }},
    {"exp, log, log1p", [](const policy& p) { return detail::exp_log_policy(p); }},
    {"xlogy", [](const policy& p) { return detail::xlogy_policy(p); }},
    {"where_apply_backward", [](const policy& p) { return detail::product_policy(p); }},
    {"conv2d", [](const policy& p) { return detail::conv2d_policy<float>(p, detail::conv2d_part::forward); }},
};

/// The rows: a field of k754::policy, and how many values its type has.
struct policy_field {
  int values;
  void (*set)(policy&, int value);
};

template <auto Field>
policy_field field_of(int values) {
  return {values, [](policy& p, int value) {
            p.*Field = static_cast<std::remove_reference_t<decltype(p.*Field)>>(value);
          }};
}

const std::map<std::string, policy_field> fields = {
    {"subnormals", field_of<&policy::subnormals>(2)},
    {"nans", field_of<&policy::nans>(3)},
    {"zeros", field_of<&policy::zeros>(2)},
    {"ties", field_of<&policy::ties>(2)},
    {"all_nan", field_of<&policy::all_nan>(3)},
    {"empty_axis", field_of<&policy::empty_axis>(2)},
    {"zero_mass", field_of<&policy::zero_mass>(3)},
    {"fully_masked", field_of<&policy::fully_masked>(3)},
    {"pos_inf", field_of<&policy::pos_inf>(2)},
    {"zero_times_inf", field_of<&policy::zero_times_inf>(4)},
    {"padded_taps", field_of<&policy::padded_taps>(2)},
    {"label_sum", field_of<&policy::label_sum>(2)},
    {"label_gradient", field_of<&policy::label_gradient>(2)},
    {"label_check", field_of<&policy::label_check>(2)},
    {"bad_index", field_of<&policy::bad_index>(3)},
    {"empty_mean", field_of<&policy::empty_mean>(2)},
    {"mean_denominator", field_of<&policy::mean_denominator>(3)},
    {"smoothing", field_of<&policy::smoothing>(2)},
    {"precision", field_of<&policy::precision>(3)},
};
static_assert(sizeof(policy) == 19 * sizeof(int), "a field of k754::policy is missing here and in the table");

/// Whether the field matters, alone or beside any value of another.
bool reads(reduction reduced, const policy_field& field) {
  for (const auto& [name, other] : fields) {
    for (int beside = 0; beside < other.values; ++beside) {
      policy first;
      other.set(first, beside);
      field.set(first, 0);
      for (int value = 1; value < field.values; ++value) {
        policy second = first;
        field.set(second, value);
        if (!(reduced(first) == reduced(second))) return true;
      }
    }
  }
  return false;
}

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  for (std::size_t begin = 1, end = 0; (end = line.find('|', begin)) != std::string::npos; begin = end + 1) {
    const std::size_t first = line.find_first_not_of(" `", begin),
                      last = line.find_last_not_of(" `", end - 1);
    cells.push_back(first >= end ? "" : line.substr(first, last - first + 1));
  }
  return cells;
}

}  // namespace

TEST_CASE("The documentation says which kernel reads which field of the policy") {
  std::ifstream file(K754_SOURCE_DIR "/include/k754/README.md");
  std::string line;
  while (std::getline(file, line) && !line.starts_with("| field |")) {
  }
  const std::vector<std::string> columns = cells_of(line);
  REQUIRE(columns.size() == kernels.size() + 1);
  std::getline(file, line);

  case_count checked("fields x kernels", static_cast<long>(fields.size() * kernels.size()));
  while (std::getline(file, line) && line.starts_with("| `")) {
    const std::vector<std::string> cells = cells_of(line);
    REQUIRE(cells.size() == columns.size());
    REQUIRE(fields.count(cells[0]) == 1);
    for (std::size_t column = 1; column < columns.size(); ++column) {
      INFO(cells[0] << " and " << columns[column]);
      REQUIRE(kernels.count(columns[column]) == 1);
      CHECK(reads(kernels.at(columns[column]), fields.at(cells[0])) == !cells[column].empty());
      checked.add();
    }
  }
  checked.check();
}

}  // namespace k754_test
