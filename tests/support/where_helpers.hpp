// What the tests of where share.
#pragma once

#include <k754/where.hpp>

#include <bit>
#include <cstdint>
#include <string>

#include "catch.hpp"
#include "same_bits.hpp"

namespace k754_test {

inline float negated(float v) { return std::bit_cast<float>(std::bit_cast<std::uint32_t>(v) ^ 0x80000000U); }

template <class... Types, class Body>
void for_types(Body&& body) {
  (body.template operator()<Types>(), ...);
}

/// The message of the throwing form, and the status, which both forms must agree on.
template <class Throwing, class Try>
std::string message_of(k754::status expected, Throwing&& throwing, Try&& trying) {
  CHECK(trying() == expected);
  try {
    throwing();
  } catch (const k754::shape_error& e) {
    CHECK(e.code() == expected);
    return e.what();
  }
  return "nothing was thrown";
}

}  // namespace k754_test
