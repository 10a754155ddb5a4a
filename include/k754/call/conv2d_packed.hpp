/// The call of pack_conv2d_weight.
#ifndef K754_CALL_CONV2D_PACKED_HPP
#define K754_CALL_CONV2D_PACKED_HPP

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <utility>

#include "../conv2d.hpp"
#include "arguments.hpp"
#include "conv2d.hpp"
#include "forms.hpp"

namespace k754::detail {
inline namespace K754_KERNEL_ABI {

struct conv2d_pack_plan {
  axis_order order = {};
  index_t filters = 0;  // of a panel's group
  index_t groups = 0;   // of panels
  index_t terms = 0;
  index_t elements = 0;
};

/// How a weight that is right by itself would be packed.
constexpr check_result resolve_packing(const argument& weight, const conv2d_options& options,
                                       conv2d_pack_plan& plan) noexcept {
  constexpr const char* kernel = "pack_conv2d_weight";
  if (options.groups < 1) {
    return failure(status::invalid_option, kernel, "groups", "is {}, expected at least 1", options.groups);
  }
  if (auto r = check_bare_extents(kernel, weight); !r) return r;
  if (auto r = check_rank(kernel, weight, 4); !r) return r;
  plan.order = weight_order(options);
  const auto extent = [&](std::size_t axis) { return weight.view.extents[plan.order[axis]]; };
  if (extent(0) % options.groups != 0) {
    return failure(status::channel_mismatch, kernel, "groups", "is {}, which does not divide {} filters",
                   options.groups, extent(0));
  }
  plan.groups = groups_of_panels(extent(0), extent(3), options.groups);
  plan.filters = extent(0) / plan.groups;
  plan.terms = extent(1) * extent(2) * extent(3);
  index_t bytes = 0;
  if (__builtin_mul_overflow(padded_filters(plan.filters), plan.groups, &plan.elements) ||
      __builtin_mul_overflow(plan.elements, plan.terms, &plan.elements) ||
      __builtin_mul_overflow(plan.elements, index_t{sizeof(float)}, &bytes)) {
    return failure(status::size_overflow, kernel, weight.name,
                   "is too large: {} filters of {} terms overflow", extent(0), plan.terms);
  }
  return {};
}

constexpr std::optional<index_t> conv2d_packed_elements(const layout& weight,
                                                        const conv2d_options& options) noexcept {
  conv2d_pack_plan plan;
  if (!resolve_packing(argument{"weight", weight}, options, plan)) return {};
  return plan.elements;
}

/// Writes the panels; whether all weights are finite.
inline bool pack_panels(const conv2d_pack_plan& plan, const tensor_view<const float>& w, float* to) noexcept {
  const index_t channels = w.extent(3);
  bool finite = true;
  for (index_t first = 0; first < w.extent(0); first += plan.filters) {
    for (index_t panel = 0; panel < plan.filters; panel += panel_filters) {
      const index_t row = place_of_panel(panel, plan.filters, plan.terms).row;
      for (index_t j = 0; j < row; ++j) {
        const bool some = panel + j < plan.filters;
        for (index_t k = 0; k < plan.terms; ++k) {
          const index_t tap = k / channels;
          const float x = some ? load(reference::pointer_to(w, first + panel + j, tap / w.extent(2),
                                                            tap % w.extent(2), k % channels))
                               : 0.0F;
          finite = finite && is_finite(x);
          store(to + k * row + j, x);
        }
      }
      to += plan.terms * row;
    }
  }
  return finite;
}

template <class Packed>
struct conv2d_pack_call {
  tensor_view<const float> weight;
  tensor_view<float> memory;
  Packed& packed;
  const conv2d_options& options;

  using plan = conv2d_pack_plan;

  constexpr check_result check(plan& p) const noexcept {
    constexpr const char* kernel = "pack_conv2d_weight";
    const std::array all{argument{"weight", layout_of(weight)},
                         argument{"memory", layout_of(memory), role::output}};
    const auto& [w, m] = all;
    if (auto r = resolve_packing(w, options, p); !r) return r;
    if (auto r = check_views(kernel, all); !r) return r;
    if (auto r = check_rank(kernel, m, 1); !r) return r;
    if (memory.extent(0) < p.elements || (memory.extent(0) > 1 && memory.stride(0) != 1)) {
      return failure(status::shape_mismatch, kernel, "memory", "has {} elements, expected {} side by side",
                     memory.extent(0), p.elements);
    }
    return check_memory(kernel, all);
  }

  template <class Executor>
  check_result compute(const plan& p, Executor&) const {
    const bool finite = p.elements == 0 || pack_panels(p, weight.permuted(p.order), memory.data_handle());
    const tensor_view<const float, 4> w(
        weight.data_handle(), {weight.extent(0), weight.extent(1), weight.extent(2), weight.extent(3)},
        {weight.stride(0), weight.stride(1), weight.stride(2), weight.stride(3)});
    packed = Packed(w, {memory.data_handle(), p.elements, options.groups, p.order, finite});
    return {};
  }
};

template <class W, class M, class Packed>
constexpr auto conv2d_pack(W& weight, M& memory, Packed& packed, const conv2d_options& options) noexcept {
  static_assert(is_output<M&>());
  static_assert(std::same_as<element_of<W&>, float> && std::same_as<element_of<M&>, float>,
                "k754 pack_conv2d_weight: weights of float alone are packed");
  return conv2d_pack_call<Packed>{input_view(weight), output_view(memory), packed, options};
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754::detail

#endif  // K754_CALL_CONV2D_PACKED_HPP
