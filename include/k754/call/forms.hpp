/// The three forms of every public function, written once. A call is a struct of what the function was given, with
///
///     struct plan;                                                   what the checks work out, for the computation
///     constexpr check_result check(plan&) const noexcept;            what is wrong; computes nothing
///     template <class Executor>
///     check_result compute(const plan&, Executor&) const;            after the checks; a data error, where a policy makes one
///
/// A plan is filled by the check alone: nothing is worked out twice.
#ifndef K754_CALL_FORMS_HPP
#define K754_CALL_FORMS_HPP

#include "../detail/canary.hpp"
#include "../executor.hpp"
#include "../status.hpp"

namespace k754::detail {
inline namespace K754_ABI {

/// The body of a check_ form.
template <class Call>
constexpr check_result checked(const Call& call) noexcept {
  typename Call::plan plan;
  return call.check(plan);
}

/// The body of a try_ form: what the checks said, or what the computation said, or that the caller's code threw.
template <class Call, class Executor>
status try_call(const Call& call, Executor& ex) noexcept {
  typename Call::plan plan;
  if (const check_result r = call.check(plan); !r) return r.code;
  if (!arithmetic_is_intact()) return status::unsupported_flags;
#if K754_EXCEPTIONS
  try {
    return call.compute(plan, ex).code;
  } catch (...) {
    return status::callback_threw;
  }
#else
  return call.compute(plan, ex).code;
#endif
}

/// The body of a throwing form.
template <class Call, class Executor>
void call_or_throw(const Call& call, Executor& ex) {
  typename Call::plan plan;
  throw_if_failed(call.check(plan));
  if (!arithmetic_is_intact()) {
    throw_if_failed(failure(status::unsupported_flags, "k754", "this unit",
                            "was compiled with flags that change floating-point results (-fassociative-math, "
                            "-fno-signed-zeros, -funsafe-math-optimizations or the like)"));
  }
  throw_if_failed(call.compute(plan, ex));
}

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_CALL_FORMS_HPP
