// The test copies include/k754 to third_party/k754 beside this file and gives the compiler no -I.
#include "third_party/k754/k754.hpp"

#include "checks.hpp"

int main() { return consumer::check_k754("copied folder"); }
