#include <k754/k754.hpp>

#include "../checks.hpp"

int main() { return consumer::check_k754("pkg-config"); }
