// argmin and argmax as the documentation's prose has them, case by case on values; no keys, no bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ieee754.hpp"
#include "k754/policy.hpp"
#include "k754/reference/argmax.hpp"

namespace k754_test {

/// Whether a policy contradicts itself for argmin and argmax (and does not compile).
constexpr bool contradictory(const k754::policy& p) {
  return p.nans == k754::nans::total_order && p.subnormals == k754::subnormals::flush;
}

/// Whether x is above y where both take part: -1 below, 0 a tie, 1 above.
inline int compare(const datum& x, const datum& y, const k754::policy& p) {
  if (p.nans == k754::nans::total_order) {
    const bool xy = total_order(x, y), yx = total_order(y, x);
    return xy && yx ? 0 : xy ? -1 : 1;
  }
  // NaNs that propagate are extreme, and equal to each other, for argmin as for argmax: the caller sees to
  // that.
  const auto read = [&](const datum& d) {
    return d.kind == kind::subnormal && p.subnormals == k754::subnormals::flush ? 0.0L : d.value;
  };
  const long double a = read(x), b = read(y);
  if (a < b) return -1;
  if (a > b) return 1;
  if (a == 0 && p.zeros == k754::zeros::ordered && x.negative != y.negative) return x.negative ? -1 : 1;
  return 0;
}

/// The index that argmin or argmax must give for one row, -1 where no element takes part.
inline std::int64_t arg_extremum(const std::vector<datum>& row, k754::extremum extremum,
                                 const k754::policy& p) {
  std::int64_t winner = -1;
  const auto take = [&](std::size_t i) { winner = static_cast<std::int64_t>(i); };
  if (p.nans == k754::nans::propagate) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (row[i].is_nan() && (winner < 0 || p.ties == k754::ties::last)) take(i);
    }
    if (winner >= 0) return winner;
  }
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i].is_nan() && p.nans == k754::nans::omit) continue;
    if (winner < 0) {
      take(i);
      continue;
    }
    const int order = compare(row[i], row[static_cast<std::size_t>(winner)], p);
    const bool better = extremum == k754::extremum::maximum ? order > 0 : order < 0;
    if (better || (order == 0 && p.ties == k754::ties::last)) take(i);
  }
  if (winner < 0 && !row.empty() && p.all_nan == k754::all_nan::first) return 0;
  return winner;
}

/// Every row of `length` elements over an alphabet, one after the other.
template <class T>
std::vector<T> all_rows(const std::vector<T>& alphabet, std::size_t length) {
  std::size_t count = 1;
  for (std::size_t i = 0; i < length; ++i) count *= alphabet.size();
  std::vector<T> rows;
  rows.reserve(count * length);
  for (std::size_t row = 0; row < count; ++row) {
    std::size_t rest = row;
    for (std::size_t i = 0; i < length; ++i, rest /= alphabet.size())
      rows.push_back(alphabet[rest % alphabet.size()]);
  }
  return rows;
}

template <class T>
std::vector<datum> decoded(const std::vector<T>& values) {
  std::vector<datum> data;
  data.reserve(values.size());
  for (const T& value : values) data.push_back(decode(value));
  return data;
}

}  // namespace k754_test
