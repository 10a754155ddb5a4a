#include "cross_entropy_calls.hpp"

namespace k754_test {
namespace {

const registration probability_policy_calls = [] {
  register_probability_labels<policy{.zero_mass = zero_mass::zero}, float>(
      "cross_entropy probabilities zero_mass=zero");
  register_probability_labels<policy{.zero_mass = zero_mass::uniform}, float>(
      "cross_entropy probabilities zero_mass=uniform");
  register_probability_labels<policy{.pos_inf = pos_inf::limit}, float>(
      "cross_entropy probabilities pos_inf=limit");
  register_probability_labels<policy{.zero_times_inf = zero_times_inf::ieee}, float, double>(
      "cross_entropy probabilities zero_times_inf=ieee");
  register_probability_labels<policy{.zero_times_inf = zero_times_inf::annihilating_zero}, float>(
      "cross_entropy probabilities zero_times_inf=annihilating_zero");
  register_probability_labels<policy{.smoothing = smoothing::finite_support}, float>(
      "cross_entropy probabilities smoothing=finite_support");
  register_probability_labels<policy{.label_sum = label_sum::assume_one}, float>(
      "cross_entropy probabilities label_sum=assume_one");
  register_probability_labels<policy{.label_gradient = label_gradient::zero_on_zero_label}, float>(
      "cross_entropy probabilities label_gradient=zero_on_zero_label");
  register_probability_labels<policy{.label_check = label_check::finite_nonnegative}, float>(
      "cross_entropy probabilities label_check=finite_nonnegative");
  register_probability_labels<policy{.subnormals = subnormals::flush}, float>(
      "cross_entropy probabilities subnormals=flush");
};

}  // namespace
}  // namespace k754_test
