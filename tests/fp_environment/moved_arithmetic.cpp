// Do compilers move arithmetic across the scoped floating-point environment, or reuse a result from before
// it?
//
// For each operation and each hostile environment three functions are run that give an optimiser every
// chance:
//   moved   the guarded result is returned: may it be computed before or after the scope?
//   reused  the same operation on the same operands before, inside and after the scope: may it be computed
//   once? around  operations of the caller's own on both sides: may they slip into the scope?
// in_default_environment must answer all of them rightly, at every optimisation level. Beside it runs the
// naive guard, a scope object in the same function, to show that these functions can fail at all.
//
// A plain program: built by several compilers at several levels, exit status 0 where everything is right.
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "k754/bits.hpp"
#include "k754/executor.hpp"
#include "k754/fma.hpp"
#include "k754/fp_environment.hpp"

namespace {

// Control registers, written where the compiler can neither see nor move anything.
#if defined(__SSE2__)
using control = std::uint32_t;
__attribute__((noinline)) void set_control(control c) {
  __asm__ __volatile__("ldmxcsr %0" : : "m"(c) : "memory");
}
__attribute__((noinline)) control get_control() {
  control c;
  __asm__ __volatile__("stmxcsr %0" : "=m"(c) : : "memory");
  return c;
}
struct environment {
  const char* name;
  control bits;
};
constexpr environment environments[] = {{"FTZ and DAZ", 0x9FC0},
                                        {"upward", 0x5F80},
                                        {"downward", 0x3F80},
                                        {"toward zero", 0x7F80},
                                        {"FTZ, DAZ, upward", 0xDFC0}};
constexpr control default_control = 0x1F80, sticky_flags = 0x3F;
#elif defined(__aarch64__)
using control = std::uint64_t;
__attribute__((noinline)) void set_control(control c) {
  __asm__ __volatile__("msr fpcr, %0" : : "r"(c) : "memory");
}
__attribute__((noinline)) control get_control() {
  control c;
  __asm__ __volatile__("mrs %0, fpcr" : "=r"(c) : : "memory");
  return c;
}
struct environment {
  const char* name;
  control bits;
};
constexpr environment environments[] = {
    {"FZ", 1 << 24}, {"upward", 1 << 22}, {"downward", 2 << 22}, {"toward zero", 3 << 22}};
constexpr control default_control = 0, sticky_flags = 0;
#else
#error "moved_arithmetic: no access to the control register of this target"
#endif

// Operations whose result depends on the environment.
struct multiply {
  static constexpr const char* name = "product";
  static constexpr double a = 0x1.0000001p-540, b = 0x1.0000003p-520;  // subnormal and inexact
  static double run(double x, double y) { return x * y; }
};
struct multiply_subnormal {
  static constexpr const char* name = "product of a subnormal";
  static constexpr double a = 0x1p-1060, b = 0x1.0000001p0;
  static double run(double x, double y) { return x * y; }
};
struct divide {
  static constexpr const char* name = "quotient";
  static constexpr double a = 0x1p-1022, b = 3.0;
  static double run(double x, double y) { return x / y; }
};
struct add {
  static constexpr const char* name = "sum";
  static constexpr double a = 0x1.8p-1022, b = -0x1.0000000000001p-1022;  // exact: seen by FTZ alone
  static double run(double x, double y) { return x + y; }
};
struct add_inexact {
  static constexpr const char* name = "inexact sum";
  static constexpr double a = 1.0, b = 0x1.8p-53;
  static double run(double x, double y) { return x + y; }
};
struct multiply_floats {
  static constexpr const char* name = "product of floats";
  static constexpr double a = 0x1.002p-70, b = 0x1.006p-70;
  static double run(double x, double y) {
    return static_cast<double>(static_cast<float>(x) * static_cast<float>(y));
  }
};
struct narrow_to_float {
  static constexpr const char* name = "conversion to float";
  static constexpr double a = 0x1.000000100001p-130, b = 1.0;
  static double run(double x, double y) {
    return static_cast<double>(k754::detail::narrow<float>(x)) + y * 0;
  }
};
struct fused {
  static constexpr const char* name = "fused multiply-add";
  static constexpr double a = 0x1.0000001p0, b = 0x1.0000003p-300;
  static double run(double x, double y) { return k754::fma(x, y, 0x1p-300); }
};
struct convert_integer {
  static constexpr const char* name = "conversion from an integer";
  static constexpr double a = 0x1.0000001p31, b = 0x1.0000001p31;
  static double run(double x, double y) {
    return static_cast<double>(static_cast<std::int64_t>(x) * static_cast<std::int64_t>(y) + 1);
  }
};
struct polynomial {
  static constexpr const char* name = "polynomial";
  static constexpr double a = 0.1, b = 0.3;
  static double run(double x, double y) {
    double sum = 0;
    for (int i = 0; i < 8; ++i) sum = (sum + y) * x;
    return sum / y;
  }
};

// The three functions, with the library's guard and with the naive one.
struct library_guard {
  static constexpr const char* name = "in_default_environment";
  template <class Body>
  __attribute__((always_inline)) static void run(const Body& body) {
    k754::in_default_environment(body);
  }
};
struct executor_guard {
  static constexpr const char* name = "run_guarded";
  template <class Body>
  __attribute__((always_inline)) static void run(const Body& body) {
    k754::serial_executor ex;
    k754::detail::run_guarded(ex, 1, 1, [&](k754::index_t, k754::index_t) { body(); });
  }
};
struct naive_guard {
  static constexpr const char* name = "a naive guard";
  template <class Body>
  __attribute__((always_inline)) static void run(const Body& body) {
    const k754::scoped_fp_environment scope;
    body();
  }
};

template <class Guard, class Operation>
__attribute__((noinline)) double moved(double a, double b) {
  double result = 0;
  Guard::run([&] { result = Operation::run(a, b); });
  return result;
}
template <class Guard, class Operation>
__attribute__((noinline)) void reused(double a, double b, double* out) {
  const double before = Operation::run(a, b);
  double inside = 0;
  Guard::run([&] { inside = Operation::run(a, b); });
  const double after = Operation::run(a, b);
  out[0] = before;
  out[1] = inside;
  out[2] = after;
}
template <class Guard, class Operation>
__attribute__((noinline)) void around(double a, double b, double c, double d, double* out) {
  double inside = 0;
  const double before = Operation::run(a, b);
  Guard::run([&] { inside += 1; });
  const double after = Operation::run(c, d);
  out[0] = before;
  out[1] = inside;
  out[2] = after;
}
/// Both sides without any guard.
template <class Operation>
__attribute__((noinline)) double plain(double a, double b) {
  return Operation::run(a, b);
}

std::uint64_t bits(double x) {
  std::uint64_t u;
  std::memcpy(&u, &x, sizeof(u));
  return u;
}

int checks = 0;     // comparisons made
int sensitive = 0;  // operations and environments where the environment shows in the result
int guarded_wrong = 0;
int naive_wrong = 0;

template <class Guard>
void expect(const char* function, const char* operation, const environment& env, double came,
            double expected) {
  ++checks;
  if (bits(came) == bits(expected)) return;
  if (std::strcmp(Guard::name, naive_guard::name) == 0) {
    ++naive_wrong;
  } else {
    ++guarded_wrong;
  }
  std::printf("  %s, %s of %s, %s: %a, not %a\n", Guard::name, function, operation, env.name, came, expected);
}

template <class Guard, class Operation>
void examine_with(const environment& env, double a, double b, double unguarded, double standard) {
  double out[3] = {};
  control left = 0;

  set_control(env.bits);
  out[0] = moved<Guard, Operation>(a, b);
  left = get_control();
  set_control(default_control);
  expect<Guard>("moved", Operation::name, env, out[0], standard);
  // nothing that happened inside shows in the sticky flags
  expect<Guard>("sticky flags", Operation::name, env, static_cast<double>(left),
                static_cast<double>(env.bits));

  set_control(env.bits);
  reused<Guard, Operation>(a, b, out);
  left = get_control();
  set_control(default_control);
  expect<Guard>("reused, before", Operation::name, env, out[0], unguarded);
  expect<Guard>("reused, inside", Operation::name, env, out[1], standard);
  expect<Guard>("reused, after", Operation::name, env, out[2], unguarded);
  expect<Guard>("control", Operation::name, env, static_cast<double>(left & ~sticky_flags),
                static_cast<double>(env.bits & ~sticky_flags));

  set_control(env.bits);
  around<Guard, Operation>(a, b, a, b, out);
  left = get_control();
  set_control(env.bits);
  const double again = plain<Operation>(a, b);
  const control own_flags = get_control();
  set_control(default_control);
  expect<Guard>("around, before", Operation::name, env, out[0], unguarded);
  expect<Guard>("around, inside", Operation::name, env, out[1], 1.0);
  expect<Guard>("around, after", Operation::name, env, out[2], unguarded);
  expect<Guard>("again", Operation::name, env, again, unguarded);
  // the flags that the caller's own arithmetic raised are there, and no others
  expect<Guard>("flags around", Operation::name, env, static_cast<double>(left),
                static_cast<double>(own_flags));
}

template <class Operation>
void examine() {
  volatile double a = Operation::a, b = Operation::b;
  set_control(default_control);
  const double standard = plain<Operation>(a, b);
  for (const environment& env : environments) {
    set_control(env.bits);
    const double unguarded = plain<Operation>(a, b);
    set_control(default_control);
    sensitive += bits(unguarded) != bits(standard) ? 1 : 0;
    examine_with<library_guard, Operation>(env, a, b, unguarded, standard);
    examine_with<executor_guard, Operation>(env, a, b, unguarded, standard);
    examine_with<naive_guard, Operation>(env, a, b, unguarded, standard);
  }
}

}  // namespace

int main() {
  examine<multiply>();
  examine<multiply_subnormal>();
  examine<divide>();
  examine<add>();
  examine<add_inexact>();
  examine<multiply_floats>();
  examine<narrow_to_float>();
  examine<fused>();
  examine<convert_integer>();
  examine<polynomial>();
  std::printf("%d comparisons; %d pairs of operation and environment tell environments apart\n", checks,
              sensitive);
  std::printf("a naive guard: %d wrong (any number is right here); the library's: %d wrong\n", naive_wrong,
              guarded_wrong);
  return guarded_wrong == 0 && checks >= 1000 && sensitive >= 15 ? 0 : 1;
}
