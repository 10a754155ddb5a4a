// expect: k754 needs C++20
// wrong flags: -std=c++17
#include <k754/k754.hpp>
