#include "semantics.hpp"

#include <cctype>
#include <cfenv>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "../support/case_count.hpp"
#include "../support/catch.hpp"
#include "../support/environments.hpp"

namespace k754_test {
namespace {

using std::string;
using std::string_view;
using bits = std::uint64_t;

// ---------------------------------------------------------------- values

string name_of(dtype type) { return string(short_name(type)); }

std::size_t size_of(dtype type) {
  return with_element_type(type, []<class T>() { return sizeof(T); });
}

[[noreturn]] void not_a_value(string_view token, const string& of) {
  throw std::invalid_argument("`" + string(token) + "` is not a value of " + of);
}

template <class Integer>
Integer integer_from(string_view token) {
  Integer value{};
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  if (error != std::errc{} || end != token.data() + token.size()) not_a_value(token, "this integer type");
  return value;
}

/// A decimal or hexadecimal number rounded to odd: narrowing it once more gives what the exact value would
/// give.
double double_from(string_view token, bool to_odd) {
  const string text(token);
  const auto parse = [&](int rounding) {
    std::fesetround(rounding);
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    std::fesetround(FE_TONEAREST);
    const char last = text.empty() ? ' ' : text.back();
    if (*end != '\0' || !(std::isxdigit(static_cast<unsigned char>(last)) || last == '.'))
      not_a_value(token, "this type");
    return value;
  };
  if (!to_odd) return parse(FE_TONEAREST);
  const double below = parse(FE_DOWNWARD), above = parse(FE_UPWARD);
  return (k754::to_bits(below) & 1U) != 0 ? below : above;
}

template <class Format>
bits float_bits(string_view token) {
  const bool negative = !token.empty() && token.front() == '-';
  const string_view magnitude = token.substr(negative ? 1 : 0);
  const bits sign = negative ? Format::sign_bit : 0;
  const auto payload = [&](string_view prefix, bits otherwise) {
    if (magnitude.size() == prefix.size()) return otherwise;
    const string hex(magnitude.substr(prefix.size()));  // ":0x12345"
    char* end = nullptr;
    const bits value = std::strtoull(hex.c_str() + 1, &end, 16);
    if (hex.front() != ':' || end == hex.c_str() + 1 || *end != '\0' || value >= Format::quiet_bit) {
      not_a_value(token, "this type");
    }
    return value;
  };
  if (magnitude.starts_with("nan")) return sign | Format::canonical_nan | payload("nan", 0);
  if (magnitude.starts_with("snan")) return sign | Format::infinity | payload("snan", 1);
  if (magnitude == "inf") return sign | Format::infinity;
  if (magnitude == "max") return sign | (Format::infinity - 1);
  if (token == "lowest") return Format::sign_bit | (Format::infinity - 1);
  if (magnitude == "tiny") return sign | Format::smallest_normal;
  if (magnitude == "s") return sign | 1U;
  if (magnitude.ends_with("s")) return sign | integer_from<bits>(magnitude.substr(0, magnitude.size() - 1));
  const bool is_double = Format::fraction_bits == k754::detail::binary64::fraction_bits;
  const bits value = k754::to_bits(double_from(token, !is_double));
  return is_double ? value : k754::detail::convert_format<k754::detail::binary64, Format>(value);
}

template <class Integer>
bits integer_bits(string_view token) {
  const Integer value = token == "max"      ? std::numeric_limits<Integer>::max()
                        : token == "lowest" ? std::numeric_limits<Integer>::lowest()
                                            : integer_from<Integer>(token);
  return static_cast<std::make_unsigned_t<Integer>>(value);
}

bits bits_from(dtype type, string_view token) {
  return with_element_type(type, [=]<class T>() -> bits {
    if constexpr (k754::floating<T>) {
      return float_bits<k754::detail::format_of<T>>(token);
    } else if constexpr (k754::integer<T>) {
      return integer_bits<T>(token);
    } else {
      if (token == "true" || token == "false") return token == "true" ? 1 : 0;
      return integer_from<std::uint8_t>(token);  // any nonzero byte is true
    }
  });
}

void store_bits(unsigned char* at, dtype type, bits value) {
  for (std::size_t byte = 0; byte < size_of(type); ++byte) {  // in the machine's byte order
    const std::size_t place = std::endian::native == std::endian::little ? byte : size_of(type) - 1 - byte;
    at[place] = static_cast<unsigned char>(value >> (8 * byte));
  }
}

bits load_bits(const unsigned char* at, dtype type) {
  bits value = 0;
  for (std::size_t byte = 0; byte < size_of(type); ++byte) {
    const std::size_t place = std::endian::native == std::endian::little ? byte : size_of(type) - 1 - byte;
    value |= static_cast<bits>(at[place]) << (8 * byte);
  }
  return value;
}

/// `0x7fc00000 = nan`
string describe(dtype type, bits value) {
  char text[64];
  const int digits = 2 * static_cast<int>(size_of(type));
  const auto hex = static_cast<unsigned long long>(value);
  with_element_type(type, [&]<class T>() {
    if constexpr (k754::floating<T>) {
      const auto number = static_cast<double>(k754::from_bits<T>(static_cast<k754::bits_of<T>>(value)));
      std::snprintf(text, sizeof(text), "0x%0*llx = %.17g", digits, hex, number);
    } else if constexpr (std::is_signed_v<T>) {
      std::snprintf(text, sizeof(text), "0x%0*llx = %lld", digits, hex,
                    static_cast<long long>(static_cast<T>(value)));
    } else {
      std::snprintf(text, sizeof(text), "0x%0*llx = %llu", digits, hex, hex);
    }
  });
  return text;
}

bits poison(dtype type) {
  return with_element_type(type, []<class T>() -> bits {
    if constexpr (k754::floating<T>) return float_bits<k754::detail::format_of<T>>("snan");
    return 0xA5A5A5A5A5A5A5A5U;
  });
}

void fill_with_poison(std::vector<unsigned char>& memory, dtype type) {
  for (std::size_t at = 0; at < memory.size(); at += size_of(type))
    store_bits(&memory[at], type, poison(type));
}

// ---------------------------------------------------------------- the file

string_view trimmed(string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::vector<string_view> split(string_view text, char separator) {
  std::vector<string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    parts.push_back(trimmed(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return parts;
}

class literal_parser {
 public:
  explicit literal_parser(string_view text) : rest_(text) {}

  literal whole() {
    literal value = item();
    if (!trimmed(rest_).empty()) throw std::invalid_argument("`" + string(rest_) + "` follows a value");
    return value;
  }

 private:
  literal item() {
    rest_ = trimmed(rest_);
    if (rest_.empty() || rest_.front() != '[') {
      const std::size_t end = std::min(rest_.find_first_of(",]"), rest_.size());
      const string_view token = trimmed(rest_.substr(0, end));
      if (token.empty()) throw std::invalid_argument("a value is missing");
      rest_.remove_prefix(end);
      return {{}, {string(token)}};
    }
    rest_ = trimmed(rest_.substr(1));
    literal list{{0}, {}};
    if (is_shape(rest_.substr(0, rest_.find(']')))) {
      list.extents.clear();
      for (string_view extent : split(rest_.substr(0, rest_.find(']')), 'x')) {
        list.extents.push_back(integer_from<index_t>(extent));
      }
      rest_.remove_prefix(rest_.find(']'));
    }
    while (!rest_.empty() && rest_.front() != ']') {
      const index_t times = repetition();
      const literal part = item();
      if (list.extents[0] == 0)
        list.extents.insert(list.extents.end(), part.extents.begin(), part.extents.end());
      if (!std::equal(part.extents.begin(), part.extents.end(), list.extents.begin() + 1,
                      list.extents.end())) {
        throw std::invalid_argument("the lists have different lengths");
      }
      list.extents[0] += times;
      for (index_t i = 0; i < times; ++i) {
        list.elements.insert(list.elements.end(), part.elements.begin(), part.elements.end());
      }
      rest_ = trimmed(rest_);
      if (!rest_.empty() && rest_.front() == ',') rest_ = trimmed(rest_.substr(1));
    }
    if (rest_.empty()) throw std::invalid_argument("a bracket is not closed");
    rest_.remove_prefix(1);
    return list;
  }

  index_t repetition() {
    const std::size_t digits = rest_.find_first_not_of("0123456789");
    if (digits == 0 || digits == string_view::npos || rest_[digits] != '*') return 1;
    const auto times = integer_from<index_t>(rest_.substr(0, digits));
    rest_.remove_prefix(digits + 1);
    return times;
  }

  static bool is_shape(string_view text) {
    return text.find('x') != string_view::npos && text.find_first_not_of("0123456789x ") == string_view::npos;
  }

  string_view rest_;
};

std::map<string, literal> parse_cell(string_view text) {
  std::map<string, literal> values;
  for (string_view part : split(text, ';')) {
    const std::size_t name_end = part.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789");
    const bool named = name_end != string_view::npos && name_end > 0 && part[name_end] == '=';
    const string name(part.substr(0, named ? name_end : 0));
    if (!values.emplace(name, literal_parser(part.substr(named ? name_end + 1 : 0)).whole()).second) {
      throw std::invalid_argument("`" + name + "` is stated twice");
    }
  }
  return values;
}

void parse_call(row& r) {
  constexpr string_view error = "error:";
  for (string_view word : split(r.call, ' ')) {
    bool is_type = false;
    for_each_element_type([&]<class T>() {
      constexpr dtype type = dtype_of<T>();
      if (word == short_name(type) || (word == "floats" && k754::floating<T>) ||
          (word == "integers" && k754::integer<T>)) {
        r.dtypes.push_back(type);
        is_type = true;
      }
    });
    if (!is_type) {
      if (!r.name.empty()) r.name += ' ';
      r.name += word;
    }
  }
  if (r.dtypes.empty()) r.dtypes.push_back(dtype::f32);
  r.arguments = parse_cell(r.input);
  if (r.result.starts_with(error))
    r.expected_status = r.result.substr(error.size());
  else
    r.expected = parse_cell(r.result);
}

std::vector<row> read_rows() {
  std::ifstream file(K754_SOURCE_DIR "/tests/semantics.txt");
  std::vector<row> rows;
  string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (trimmed(line).empty() || line.front() == '#') continue;
    const auto fields = split(line, '|');
    INFO("tests/semantics.txt:" << number << ": " << line);
    REQUIRE(fields.size() == 5);
    row r{.line = number,
          .id = string(fields[0]),
          .call = string(fields[1]),
          .input = string(fields[2]),
          .result = string(fields[3]),
          .name = {},
          .dtypes = {},
          .arguments = {},
          .expected = {}};
    try {
      if (r.call != "test") parse_call(r);
      rows.push_back(r);
    } catch (const std::exception& e) {
      FAIL_CHECK(e.what());
    }
  }
  return rows;
}

bool is_id(string_view word) {
  return word.size() > 3 && std::isupper(static_cast<unsigned char>(word[0])) &&
         std::isupper(static_cast<unsigned char>(word[1])) && word[2] == '-' &&
         std::all_of(word.begin() + 3, word.end(),
                     [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '.'; });
}

string text_of(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// The IDs that begin the names of test cases, such as `AM-20 AM-22: ...`.
std::set<string> ids_of_test_cases() {
  std::set<string> ids;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(K754_SOURCE_DIR "/tests")) {
    if (entry.path().extension() != ".cpp") continue;
    const string source = text_of(entry.path());
    for (std::size_t at = 0; (at = source.find("TEST_CASE(", at)) != string::npos; ++at) {
      const std::size_t begin = source.find_first_not_of(" \n", at + string_view("TEST_CASE(").size());
      if (begin == string::npos || source[begin] != '"') continue;
      const string_view name = string_view(source).substr(begin + 1, source.find('"', begin + 1) - begin - 1);
      for (string_view word : split(name, ' ')) {
        const bool last = word.ends_with(':');
        if (last) word.remove_suffix(1);
        if (!is_id(word)) break;
        ids.insert(string(word));
        if (last) break;
      }
    }
  }
  return ids;
}

}  // namespace

// ---------------------------------------------------------------- one run of a row

any_call::tensor::tensor(dtype element, const shape& size, placement order) : type(element), extents(size) {
  strides.resize(extents.size());
  index_t step = order == placement::strided ? 2 : 1;
  index_t last = 0;
  for (std::size_t axis = extents.size(); axis-- > 0;) {
    strides[axis] = order == placement::reversed ? -step : step;
    last += step * std::max<index_t>(extents[axis] - 1, 0);
    step = step * std::max<index_t>(extents[axis], 1) + (order == placement::strided ? 1 : 0);
  }
  const std::size_t bytes = size_of(type), slack = order == placement::contiguous ? 0 : 1;
  memory.resize((static_cast<std::size_t>(last) + 1 + 2 * slack) * bytes);
  first = &memory[(slack + (order == placement::reversed ? static_cast<std::size_t>(last) : 0)) * bytes];
  fill_with_poison(memory, type);
}

std::size_t any_call::tensor::size() const {
  std::size_t product = 1;
  for (index_t extent : extents) product *= static_cast<std::size_t>(extent);
  return product;
}

unsigned char* any_call::tensor::at(std::size_t flat_index) {
  index_t offset = 0;
  for (std::size_t axis = extents.size(); axis-- > 0;) {
    const auto extent = static_cast<std::size_t>(extents[axis]);
    offset += static_cast<index_t>(flat_index % extent) * strides[axis];
    flat_index /= extent;
  }
  return first + offset * static_cast<index_t>(size_of(type));
}

const literal& any_call::argument(const string& name) {
  used_.insert(name);
  const auto found = row_.arguments.find(name);
  if (found == row_.arguments.end()) throw std::invalid_argument("the row does not state `" + name + "`");
  return found->second;
}

string any_call::word(const string& name, const string& otherwise) {
  return has(name) ? argument(name).elements.at(0) : otherwise;
}
index_t any_call::integer(const string& name, index_t otherwise) {
  return has(name) ? integer_from<index_t>(word(name, "")) : otherwise;
}
double any_call::number(const string& name, double otherwise) {
  return has(name) ? double_from(word(name, ""), false) : otherwise;
}

any_call::tensor& any_call::input_tensor(const string& name, dtype type) {
  const literal& values = argument(name);
  tensor& t = inputs_.emplace(name, tensor(type, values.extents, placement_)).first->second;
  for (std::size_t i = 0; i < values.elements.size(); ++i)
    store_bits(t.at(i), type, bits_from(type, values.elements[i]));
  return t;
}

any_call::tensor& any_call::output_tensor(const string& name, dtype type, const shape& extents) {
  return outputs_.emplace(name, tensor(type, extents, placement_)).first->second;
}

void any_call::run(const std::function<k754::status()>& kernel) {
  ran_ = true;
  for (const environment& surroundings : hostile_environments()) {
    for (auto& [name, output] : outputs_) fill_with_poison(output.memory, output.type);
    k754::status status{};
    bool intact = false;
    run_in(surroundings, intact, [&] { status = kernel(); });
    if (!intact) fail(surroundings.name, "the environment or its sticky flags changed");
    if (to_string(status) != row_.expected_status) {
      fail(surroundings.name,
           string("status is ") + to_string(status) + ", expected " + row_.expected_status);
    }
    for (auto& [name, output] : outputs_) compare(surroundings.name, name, output);
    for (const auto& [name, expected] : row_.expected) {
      if (outputs_.count(name) == 0) fail(surroundings.name, "the call has no result `" + name + "`");
    }
  }
}

void any_call::compare(const string& where, const string& stated_name, tensor& actual) {
  const string name = stated_name.empty() ? "result" : stated_name;
  const bool failed = row_.expected_status != "ok";
  tensor expected = actual;  // the same memory, with the expected values in it
  expected.first = expected.memory.data() + (actual.first - actual.memory.data());
  fill_with_poison(expected.memory, expected.type);
  if (!failed) {
    const auto found = row_.expected.find(stated_name);
    if (found == row_.expected.end()) fail(where, "the row does not state `" + name + "`");
    if (found->second.extents != actual.extents) fail(where, "`" + name + "` has another shape");
    for (std::size_t i = 0; i < actual.size(); ++i) {
      const bits value = bits_from(actual.type, found->second.elements[i]);
      store_bits(expected.at(i), actual.type, value);
      if (load_bits(actual.at(i), actual.type) != value) {
        fail(where, name + "[" + std::to_string(i) + "] is " +
                        describe(actual.type, load_bits(actual.at(i), actual.type)) + ", expected " +
                        describe(actual.type, value));
      }
    }
  }
  if (actual.memory != expected.memory) {
    fail(where, failed ? "something was written to `" + name + "` although the call failed"
                       : "something was written between the elements of `" + name + "`");
  }
}

void any_call::fail(const string& where, const string& what) {
  constexpr const char* placements[] = {"contiguous", "strided", "reversed"};
  string text = name_of(type_) + ", " + placements[static_cast<int>(placement_)] + ", environment: " + where +
                "\n  " + what;
  for (auto& [name, input] : inputs_) {
    text += "\n  with " + (name.empty() ? "input" : name) + " =";
    for (std::size_t i = 0; i < std::min<std::size_t>(input.size(), 16); ++i) {
      text += (i == 0 ? " " : ", ") + describe(input.type, load_bits(input.at(i), input.type));
    }
    if (input.size() > 16) text += ", ...";
  }
  throw std::runtime_error(text);
}

void any_call::finish() {
  if (!ran_) throw std::logic_error("the call ran nothing");
  for (const auto& [name, value] : row_.arguments) {
    if (used_.count(name) == 0) throw std::logic_error("the call does not use `" + name + "`");
  }
}

std::map<string, std::map<dtype, call_body>>& registered_calls() {
  static std::map<string, std::map<dtype, call_body>> calls;
  return calls;
}

// ---------------------------------------------------------------- tests

/// AM-18 means the rows AM-18, AM-18b, AM-18c ...
bool is_meant(string_view id, string_view wanted) {
  return id.starts_with(wanted) &&
         id.substr(wanted.size()).find_first_not_of("abcdefghijklmnopqrstuvwxyz") == string_view::npos;
}

TEST_CASE("Every row of tests/semantics.txt holds, in every placement and environment") {
  const char* const wanted = std::getenv("K754_TEST_ROW");
  case_count runs("rows of tests/semantics.txt x dtype x placement", wanted == nullptr ? 4800 : 3);
  std::set<string> calls_in_use;
  INFO("K754_TEST_ROW is " << (wanted == nullptr ? "not set" : wanted));
  for (const row& r : read_rows()) {
    if (wanted != nullptr && !is_meant(r.id, wanted)) continue;
    if (wanted != nullptr) {
      std::printf("  %s | %s | %s | %s\n", r.id.c_str(), r.call.c_str(), r.input.c_str(), r.result.c_str());
    }
    if (r.call == "test") {
      if (wanted != nullptr) std::printf("  test cases prove it: run '*%s*'\n", r.id.c_str());
      continue;
    }
    calls_in_use.insert(r.name);
    for (dtype type : r.dtypes) {
      INFO(r.id << " | " << r.call << " | " << r.input << " | " << r.result
                << "   (tests/semantics.txt:" << r.line << ")");
      const auto& bodies = registered_calls()[r.name];
      const auto body = bodies.find(type);
      if (body == bodies.end()) {
        FAIL_CHECK("no call `" << r.name << "` is registered for " << name_of(type));
        continue;
      }
      try {
        for (placement order : {placement::contiguous, placement::strided, placement::reversed}) {
          body->second(r, order);
          runs.add();
        }
      } catch (const std::exception& e) {
        FAIL_CHECK(e.what());
      }
    }
  }
  for (const auto& [name, bodies] : registered_calls()) {
    if (wanted != nullptr) break;
    INFO("call `" << name << "`");
    CHECK(calls_in_use.count(name) == 1);
  }
  runs.check();
}

TEST_CASE("The IDs of tests/semantics.txt are unique, and every `test` row has its test case") {
  const auto tested = ids_of_test_cases();
  std::set<string> ids;
  case_count rows("IDs", 500);
  for (const row& r : read_rows()) {
    INFO(r.id << " in tests/semantics.txt:" << r.line);
    CHECK(is_id(r.id));
    CHECK(ids.insert(r.id).second);
    if (r.call == "test") CHECK(tested.count(r.id) == 1);
    rows.add();
  }
  rows.check();
}

TEST_CASE("Every row that headers, documentation and tests cite is in tests/semantics.txt") {
  std::set<string, std::less<>> ids, kinds;  // AM-01 is of the kind AM
  for (const row& r : read_rows()) {
    ids.insert(r.id);
    kinds.insert(r.id.substr(0, 2));
  }
  case_count citations("citations of rows", 700);
  for (const char* folder : {"/include", "/tests", "/benchmarks"}) {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(string(K754_SOURCE_DIR) + folder)) {
      const auto extension = entry.path().extension();
      if (extension != ".hpp" && extension != ".cpp" && extension != ".md") continue;
      const string text = text_of(entry.path());
      constexpr const char* letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
      for (std::size_t begin = 0, end = 0; (begin = text.find_first_of(letters, end)) != string::npos;) {
        end = std::min(text.find_first_not_of(letters, begin), text.size());
        string_view word = string_view(text).substr(begin, end - begin);
        while (word.ends_with('.')) word.remove_suffix(1);
        if (!is_id(word) || kinds.count(word.substr(0, 2)) == 0) continue;
        INFO(entry.path().string() << " cites " << word);
        CHECK(ids.count(word) == 1);
        citations.add();
      }
    }
  }
  citations.check();
}

TEST_CASE("Values in tests/semantics.txt are read to the nearest bits of their type") {
  const struct {
    dtype type;
    const char* token;
    bits expected;
  } cases[] = {
      {dtype::f32, "0.1", 0x3DCCCCCD},
      {dtype::f32, "-0", 0x80000000},
      {dtype::f32, "0x1p-149", 1},
      {dtype::f32, "-2s", 0x80000002},
      {dtype::f32, "max", 0x7F7FFFFF},
      {dtype::f32, "lowest", 0xFF7FFFFF},
      {dtype::f32, "tiny", 0x00800000},
      {dtype::f32, "inf", 0x7F800000},
      {dtype::f32, "-nan", 0xFFC00000},
      {dtype::f32, "nan:0x12345", 0x7FC12345},
      {dtype::f32, "snan", 0x7F800001},
      {dtype::f32, "-snan:0x3", 0xFF800003},
      {dtype::f32, "1e39", 0x7F800000},
      {dtype::f32, "1.00000005960464477539062500000000000001",
       0x3F800001},  // above half an ULP, below in double
      {dtype::f32, "1.000000059604644775390625", 0x3F800000},
      {dtype::f32, "-1.00000005960464477539062500000000000001", 0xBF800001},
      {dtype::f16, "65519.999999999999999999999", 0x7BFF},
      {dtype::f16, "65520", 0x7C00},
      {dtype::f16, "-s", 0x8001},
      {dtype::bf16, "1.00390625000000000000000000000001", 0x3F81},
      {dtype::bf16, "tiny", 0x0080},
      {dtype::f64, "0.1", 0x3FB999999999999A},
      {dtype::f64, "s", 1},
      {dtype::i8, "lowest", 0x80},
      {dtype::u64, "max", 0xFFFFFFFFFFFFFFFF},
      {dtype::boolean, "true", 1},
      {dtype::boolean, "2", 2},
  };
  for (const auto& c : cases) {
    INFO(name_of(c.type) << " " << c.token);
    CHECK(bits_from(c.type, c.token) == c.expected);
  }
  for (const char* token : {"", "one", "1,", "0x", "nan:", "nan:0x400000", "nan0x1", "--1", "infinity"}) {
    INFO(token);
    CHECK_THROWS_AS(bits_from(dtype::f32, token), std::invalid_argument);
  }
  const literal nested = literal_parser("[[0, 2*-inf], 2*[1, 2, 3]]").whole();
  CHECK(nested.extents == shape{3, 3});
  CHECK(nested.elements[2] == "-inf");
  CHECK(nested.elements[8] == "3");
  CHECK(literal_parser("[2x0]").whole().extents == shape{2, 0});
  CHECK(literal_parser("7").whole().extents.empty());
}

}  // namespace k754_test
