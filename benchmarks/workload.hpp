// What a kernel family hands to the program: a case, ready to run, with all that is asked about it.
#ifndef K754_BENCHMARKS_WORKLOAD_HPP
#define K754_BENCHMARKS_WORKLOAD_HPP

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include <k754/float16.hpp>
#include <k754/status.hpp>

#include "problem.hpp"
#include "threads.hpp"
#include "types.hpp"

namespace benchmarks {

/// The memory that a kernel cannot do without, by streams of one element size.
struct traffic {
  double bytes_read = 0, bytes_written = 0;
  int inputs = 1, outputs = 0;  ///< streams of elements
  bool in_place = false;        ///< the output is one of the inputs
  double vectors_per_mask = 0;  ///< bytes of an input stream for one byte of mask; 0: no mask
};

struct workload {
  std::function<void(std::int64_t)> run;                ///< repeats the work so often
  std::vector<std::span<std::byte>> outputs;            ///< compared with the reference's, bit for bit
  std::function<void()> restore = {};                   ///< in place: what the output was before
  std::function<std::optional<double>()> max_ulp = {};  ///< after a run; none: the result is exact
  traffic memory = {};                                  ///< of one repetition
  double flop = 0;                                      ///< nominal
  bool doubles = false;                                 ///< whether the FMA limit is that of f64
  std::size_t bytes_held = 0;
};

/// nothing where the kernel has no such form (yet)
using workload_maker = std::function<std::optional<workload>(const problem&, thread_pool&)>;
using workload_makers = std::map<std::string, workload_maker>;

void add_argmax(workload_makers& makers);
void add_where(workload_makers& makers);
void add_softmax(workload_makers& makers);
void add_exp_log(workload_makers& makers);
void add_cross_entropy(workload_makers& makers);
void add_conv2d(workload_makers& makers);
void add_calls(workload_makers& makers);
workload_makers all_makers();  ///< by kernel

using snapshot = std::vector<std::vector<std::byte>>;
/// What one run writes over bytes that are no result.
snapshot outputs_of(const workload& w);

/// The compiler must assume that all memory is read and written here.
inline void use_memory() { __asm__ __volatile__("" : : : "memory"); }

/// Repeats f, which returns a k754::status.
template <class F>
std::function<void(std::int64_t)> repeated(F f) {
  return [f](std::int64_t n) mutable {
    for (std::int64_t i = 0; i < n; ++i) {
      if (const k754::status s = f(); s != k754::status::ok) {
        throw std::runtime_error(std::string("the kernel returned: ") + k754::to_string(s));
      }
      use_memory();
    }
  };
}

/// f.operator()<T>() for the T of the list that is the case's.
template <class... T, class F>
std::optional<workload> for_dtype(const problem& p, types<T...> list, const F& f) {
  return for_type(p.dtype, list, std::optional<workload>(), f);
}

/// f.operator()<P>() for the policy among `Policies` that is `p`.
template <k754::policy... Policies, class F>
std::optional<workload> for_policy(const k754::policy& p, const F& f) {
  std::optional<workload> result;
  (void)((p == Policies ? (result = f.template operator()<Policies>(), true) : false) || ...);
  return result;
}

/// Precision and smallest exponent of T.
template <class T>
inline constexpr int precision_of = std::numeric_limits<T>::digits;
template <>
inline constexpr int precision_of<k754::float16> = k754::detail::binary16::precision;
template <>
inline constexpr int precision_of<k754::bfloat16> = k754::detail::bfloat16_format::precision;
template <class T>
inline constexpr int smallest_exponent_of = k754::detail::binary32::smallest_exponent;
template <>
inline constexpr int smallest_exponent_of<double> = k754::detail::binary64::smallest_exponent;
template <>
inline constexpr int smallest_exponent_of<k754::float16> = k754::detail::binary16::smallest_exponent;
template <>
inline constexpr int smallest_exponent_of<k754::bfloat16> = k754::detail::bfloat16_format::smallest_exponent;

/// |x - exact| in units of T's last place at `scale`.
template <class T>
double ulp_error(T x, double exact, double scale) {
  const double value = static_cast<double>(x);
  if (std::isnan(value) || std::isnan(exact)) {
    return std::isnan(value) && std::isnan(exact) ? 0 : std::numeric_limits<double>::infinity();
  }
  if (value == exact) return 0;
  int exponent = 0;
  std::frexp(scale, &exponent);
  const int ulp = std::max(exponent - precision_of<T>, smallest_exponent_of<T>);
  return std::ldexp(std::fabs(value - exact), -ulp);
}

/// `measured` as a workload's max_ulp; of f64 results there is none, to which there is nothing more accurate here.
template <class T, class F>
std::function<std::optional<double>()> error_of(const F& measured) {
  if constexpr (std::is_same_v<T, double>) {
    return [] { return std::nullopt; };
  } else {
    return measured;
  }
}

/// The greatest error of x.
template <class T>
double max_ulp_error(std::span<const T> x, std::span<const double> exact) {
  double greatest = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    greatest = std::max(greatest, ulp_error(x[i], exact[i], exact[i]));
  return greatest;
}

}  // namespace benchmarks

#endif  // K754_BENCHMARKS_WORKLOAD_HPP
