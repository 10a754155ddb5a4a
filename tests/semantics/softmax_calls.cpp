#include <initializer_list>
#include <string>
#include <string_view>
#include <tuple>

#include "../support/softmax_kernels.hpp"
#include "semantics.hpp"

namespace k754_test {
namespace {

using namespace k754;

template <floating T>
using form = status (*)(const softmax_kernel&, const softmax_arguments<T>&);

/// What a call does, whatever its policy: that is in the pointers.
struct softmax_call {
  softmax_kernel kernel;
  std::tuple<form<float16>, form<bfloat16>, form<float>, form<double>> forms;

  template <floating T>
  void operator()(row_call<T>& c) const {
    softmax_arguments<T> a;
    a.input = c.input();
    if (kernel.backward()) a.upstream = c.input("upstream");
    if (kernel.masked) a.mask = c.template input<bool>("mask");
    a.axis = c.integer("axis", -1);
    if (kernel.reduces()) a.keepdims = c.word("keepdims", "false") == "true";
    a.output = c.output(shape_of_result(a));
    c.run([=, this] { return std::get<form<T>>(forms)(kernel, a); });
  }

  template <floating T>
  shape shape_of_result(const softmax_arguments<T>& a) const {
    shape extents = shape_of(a.input);
    if (!kernel.reduces()) return extents;
    const auto axis = extents.begin() + (a.axis < 0 ? a.axis + std::ssize(extents) : a.axis);
    if (a.keepdims) {
      *axis = 1;
    } else {
      extents.erase(axis);
    }
    return extents;
  }
};

/// Where a type has the policy's tier.
template <policy P, floating T>
constexpr form<T> form_of() {
  if constexpr (P.precision == precision::exact && std::same_as<T, double>)
    return nullptr;
  else
    return &try_kernel<P, T>;
}

/// Registers the named kernels with a policy, in words and in code.
template <policy P>
void register_kernels(const std::string& words, std::initializer_list<std::string_view> names) {
  for (const softmax_kernel& kernel : softmax_kernels) {
    for (const std::string_view name : names) {
      if (name != kernel.name) continue;
      register_call(kernel.name + words, softmax_call{kernel,
                                                      {form_of<P, float16>(), form_of<P, bfloat16>(),
                                                       form_of<P, float>(), form_of<P, double>()}});
    }
  }
}

const registration softmax_calls = [] {
  using names = std::initializer_list<std::string_view>;
  const names all = {"softmax",
                     "log_softmax",
                     "logsumexp",
                     "softmax_backward",
                     "masked_softmax",
                     "masked_log_softmax",
                     "masked_logsumexp",
                     "log_softmax_backward",
                     "masked_softmax_backward",
                     "masked_log_softmax_backward"};
  const names forward = {"softmax", "log_softmax"};
  const names masked = {"masked_softmax", "masked_log_softmax"};
  register_kernels<policy{}>("", all);
  register_kernels<policy{.zero_mass = zero_mass::zero}>(" zero_mass=zero", forward);
  register_kernels<policy{.zero_mass = zero_mass::zero}>(" zero_mass=zero", masked);
  register_kernels<policy{.zero_mass = zero_mass::uniform}>(" zero_mass=uniform", forward);
  register_kernels<policy{.zero_mass = zero_mass::uniform}>(" zero_mass=uniform", masked);
  register_kernels<policy{.pos_inf = pos_inf::limit}>(" pos_inf=limit", forward);
  register_kernels<policy{.fully_masked = fully_masked::nan}>(" fully_masked=nan", masked);
  register_kernels<policy{.fully_masked = fully_masked::uniform}>(" fully_masked=uniform", masked);
  register_kernels<policy{.subnormals = subnormals::flush}>(" subnormals=flush", forward);
  register_kernels<policy{.subnormals = subnormals::flush}>(
      " subnormals=flush", {"logsumexp", "softmax_backward", "log_softmax_backward"});
  constexpr precision fast = precision::fast;
  register_kernels<policy{.precision = fast}>(" precision=fast", all);
  register_kernels<policy{.zero_mass = zero_mass::zero, .precision = fast}>(" precision=fast zero_mass=zero",
                                                                            forward);
  register_kernels<policy{.zero_mass = zero_mass::uniform, .precision = fast}>(
      " precision=fast zero_mass=uniform", forward);
  register_kernels<policy{.pos_inf = pos_inf::limit, .precision = fast}>(" precision=fast pos_inf=limit",
                                                                         forward);
  register_kernels<policy{.subnormals = subnormals::flush, .precision = fast}>(
      " precision=fast subnormals=flush", forward);
  constexpr precision exact = precision::exact;
  register_kernels<policy{.precision = exact}>(" precision=exact", all);
  register_kernels<policy{.zero_mass = zero_mass::uniform, .precision = exact}>(
      " precision=exact zero_mass=uniform", forward);
  register_kernels<policy{.pos_inf = pos_inf::limit, .precision = exact}>(" precision=exact pos_inf=limit",
                                                                          forward);
  register_kernels<policy{.subnormals = subnormals::flush, .precision = exact}>(
      " precision=exact subnormals=flush", forward);
};

}  // namespace
}  // namespace k754_test
