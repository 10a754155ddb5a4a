// Reads what ONNX's node tests are made of: `model.onnx` and `input_0.pb`, which are protobuf messages. Only
// the fields that are needed here; the rest is skipped, as protobuf means it. Malformed files throw.
#pragma once

#include <k754/tensor_view.hpp>

#include <bit>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace k754_test::onnx {

using k754::index_t;

static_assert(std::endian::native == std::endian::little, "protobuf and raw_data are little-endian");

/// One field of a message: its number, and its value as an integer (varint, fixed32, fixed64) or as bytes.
struct field {
  std::uint64_t number = 0;
  bool is_bytes = false;
  std::uint64_t integer = 0;
  std::string_view bytes;
};

/// The fields of a message, one after another (protobuf's wire format).
class fields {
 public:
  explicit fields(std::string_view message) : rest_(message) {}

  bool next(field& f) {
    if (rest_.empty()) return false;
    const std::uint64_t key = varint();
    f = {key >> 3, (key & 7) == 2, 0, {}};
    switch (key & 7) {
      case 0:
        f.integer = varint();
        break;
      case 1:
        f.integer = fixed(8);
        break;
      case 2:
        f.bytes = take(varint());
        break;
      case 5:
        f.integer = fixed(4);
        break;
      default:
        throw std::runtime_error("onnx: unknown wire type");
    }
    return true;
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    throw std::runtime_error("onnx: a varint is too long");
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view take(std::uint64_t count) {
    if (count > rest_.size()) throw std::runtime_error("onnx: the file ends within a field");
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  std::uint64_t fixed(std::size_t size) {
    std::uint64_t value = 0;
    std::memcpy(&value, take(size).data(), size);
    return value;
  }

  std::string_view rest_;
};

/// A repeated integer comes packed or one by one.
inline void append_integers(std::vector<std::int64_t>& to, const field& f) {
  if (f.is_bytes) {
    for (fields packed(f.bytes); !packed.empty();) to.push_back(static_cast<std::int64_t>(packed.varint()));
  } else {
    to.push_back(static_cast<std::int64_t>(f.integer));
  }
}

/// TensorProto.DataType, as far as it occurs.
enum class data_type { float32 = 1, int32 = 6, int64 = 7, boolean = 9, float64 = 11 };

struct tensor {
  std::vector<index_t> extents;
  data_type type{};
  std::vector<char> data;  // the elements' bytes, row-major

  std::size_t size() const {
    std::size_t product = 1;
    for (const index_t extent : extents) product *= static_cast<std::size_t>(extent);
    return product;
  }
  template <class T>
  k754::tensor_view<const T> view() const {
    if (data.size() != size() * sizeof(T))
      throw std::runtime_error("onnx: a tensor has another size or element type");
    return {reinterpret_cast<const T*>(data.data()), extents.size(), extents.data()};
  }
  template <class T>
  k754::tensor_view<T> view() {
    const auto constant = std::as_const(*this).view<T>();
    return {const_cast<T*>(constant.data_handle()), extents.size(), extents.data()};
  }
};

inline tensor read_tensor(std::string_view message, std::string* name = nullptr) {
  tensor t;
  std::vector<std::int64_t> extents, integers;
  field f;
  for (fields all(message); all.next(f);) {
    switch (f.number) {
      case 1:
        append_integers(extents, f);
        break;
      case 2:
        t.type = static_cast<data_type>(f.integer);
        break;
      case 4:  // float_data, packed
      case 9:  // raw_data
      case 10:
        t.data.insert(t.data.end(), f.bytes.begin(), f.bytes.end());
        break;  // double_data, packed
      case 5:   // int32_data
      case 7:
        append_integers(integers, f);
        break;  // int64_data
      case 8:
        if (name != nullptr) *name = f.bytes;
        break;
      default:
        break;
    }
  }
  t.extents.assign(extents.begin(), extents.end());
  for (const std::int64_t value : integers) {
    const std::size_t size = t.type == data_type::int64 ? 8 : t.type == data_type::int32 ? 4 : 1;
    const auto* bytes = reinterpret_cast<const char*>(&value);
    t.data.insert(t.data.end(), bytes, bytes + size);
  }
  return t;
}

struct attribute {
  float number = 0;
  std::int64_t integer = 0;
  std::string text;
  std::vector<std::int64_t> integers;
};

struct node {
  std::string operation;
  std::vector<std::string> inputs, outputs;
  std::map<std::string, attribute> attributes;

  std::int64_t integer(const std::string& name, std::int64_t otherwise) const {
    const auto found = attributes.find(name);
    return found == attributes.end() ? otherwise : found->second.integer;
  }
  std::string text(const std::string& name, const std::string& otherwise) const {
    const auto found = attributes.find(name);
    return found == attributes.end() ? otherwise : found->second.text;
  }
  std::vector<std::int64_t> integers(const std::string& name, std::vector<std::int64_t> otherwise) const {
    const auto found = attributes.find(name);
    return found == attributes.end() ? otherwise : found->second.integers;
  }
};

inline node read_node(std::string_view message) {
  node n;
  field f;
  for (fields all(message); all.next(f);) {
    if (f.number == 1) n.inputs.emplace_back(f.bytes);
    if (f.number == 2) n.outputs.emplace_back(f.bytes);
    if (f.number == 4) n.operation = f.bytes;
    if (f.number == 5) {
      std::string name;
      attribute a;
      field part;
      for (fields parts(f.bytes); parts.next(part);) {
        if (part.number == 1) name = part.bytes;
        if (part.number == 2) a.number = std::bit_cast<float>(static_cast<std::uint32_t>(part.integer));
        if (part.number == 3) a.integer = static_cast<std::int64_t>(part.integer);
        if (part.number == 4) a.text = part.bytes;
        if (part.number == 8) append_integers(a.integers, part);
      }
      n.attributes[name] = a;
    }
  }
  return n;
}

struct model {
  std::int64_t opset = 0;
  std::vector<node> nodes;
  std::map<std::string, tensor> initializers;
  std::vector<std::string> inputs, outputs;
};

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

inline model read_model(const std::string& bytes) {
  model m;
  field f, part, inner;
  const auto name_of = [&](std::string_view value_info) {
    std::string name;
    for (fields parts(value_info); parts.next(inner);) {
      if (inner.number == 1) name = inner.bytes;
    }
    return name;
  };
  for (fields all(bytes); all.next(f);) {
    if (f.number == 8) {
      std::string domain;  // the standard operators' domain has no name
      std::int64_t version = 0;
      for (fields parts(f.bytes); parts.next(part);) {
        if (part.number == 1) domain = part.bytes;
        if (part.number == 2) version = static_cast<std::int64_t>(part.integer);
      }
      if (domain.empty()) m.opset = version;
    }
    if (f.number != 7) continue;
    for (fields graph(f.bytes); graph.next(part);) {
      if (part.number == 1) m.nodes.push_back(read_node(part.bytes));
      if (part.number == 5) {
        std::string name;
        tensor t = read_tensor(part.bytes, &name);
        m.initializers[name] = t;
      }
      if (part.number == 11) m.inputs.push_back(name_of(part.bytes));
      if (part.number == 12) m.outputs.push_back(name_of(part.bytes));
    }
  }
  return m;
}

}  // namespace k754_test::onnx
