#include "cross_entropy_calls.hpp"

namespace k754_test {
namespace {

const registration index_policy_calls = [] {
  register_index_labels<policy{.zero_mass = zero_mass::zero}, float>("cross_entropy zero_mass=zero");
  register_index_labels<policy{.zero_mass = zero_mass::uniform}, float>("cross_entropy zero_mass=uniform");
  register_index_labels<policy{.pos_inf = pos_inf::limit}, float>("cross_entropy pos_inf=limit");
  register_index_labels<policy{.zero_times_inf = zero_times_inf::ieee}, float>(
      "cross_entropy zero_times_inf=ieee");
  register_index_labels<policy{.zero_times_inf = zero_times_inf::annihilating_zero}, float>(
      "cross_entropy zero_times_inf=annihilating_zero");
  register_index_labels<policy{.smoothing = smoothing::finite_support}, float>(
      "cross_entropy smoothing=finite_support");
  register_index_labels<policy{.bad_index = bad_index::poison}, float>("cross_entropy bad_index=poison");
  register_index_labels<policy{.bad_index = bad_index::ignore}, float>("cross_entropy bad_index=ignore");
  register_index_labels<policy{.empty_mean = empty_mean::zero}, float>("cross_entropy empty_mean=zero");
  register_index_labels<policy{.mean_denominator = mean_denominator::kept_count}, float>(
      "cross_entropy mean_denominator=kept_count");
  register_index_labels<policy{.mean_denominator = mean_denominator::batch}, float>(
      "cross_entropy mean_denominator=batch");
};

}  // namespace
}  // namespace k754_test
