// Macros that real headers leave behind: <windows.h>, <complex.h>, <sys/sysmacros.h>, X11, Arduino, old
// kernels. The standard headers come first, because libstdc++ removes min and max itself.
#include <array>
#include <bit>
#include <cfenv>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <version>

// windows.h
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define near
#define far
#define small char
#define interface struct
#define IN
#define OUT
#define OPTIONAL
#define ERROR 0
#define STRICT 1
#define ABSOLUTE 1
#define RELATIVE 2
#define DOMAIN 1
#define OVERFLOW 3
#define UNDERFLOW 4
#define VOID void
#define BOOL int
#define TRUE 1
#define FALSE 0
#define CONST const
// complex.h, sys/sysmacros.h, X11
#define I (__extension__ 1.0iF)
#define major(dev) ((dev) >> 8)
#define minor(dev) ((dev)&255)
#define None 0L
#define Bool int
#define Status int
#define Success 0
// the letters that programs take most
#define E 2.718281828459045
#define N 10
#define U unsigned

#include <k754/k754.hpp>

int main() {
  std::puts("headers compile among macros named min, max, I, N, E, U, near, far, ERROR, DOMAIN, ...");
}
