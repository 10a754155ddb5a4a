// conv2d of float, float16 and bfloat16 on every target against the definition, bit for bit: every kind of geometry at random, in any layout of
// memory, between guarded pages and among signalling NaNs.
#include <k754/conv2d_packed.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "../support/case_count.hpp"
#include "../support/catch.hpp"
#include "../support/executors.hpp"
#include "../support/guarded_buffer.hpp"
#include "../support/ieee754.hpp"
#include "../support/targets.hpp"
#include "../support/test_scale.hpp"

namespace k754_test {
inline namespace K754_KERNEL_ABI {
namespace {

using namespace k754;

/// A view of rank 4, its axes in a random order of memory, some reversed, with gaps or without, at one end of guarded memory.
template <floating T>
class placed_tensor {
 public:
  explicit placed_tensor(std::size_t elements) : memory_(elements * sizeof(T)) {}

  /// `tight`: no gaps, in the order of the axes. Whether the elements fit.
  bool place(random_bits& random, const std::array<index_t, 4>& extents, bool tight) {
    std::array<std::size_t, 4> order{3, 2, 1, 0};
    index_t step = 1, reach = 0, before = 0;
    if (!tight) {
      for (std::size_t i = 3; i > 0; --i) std::swap(order[i], order[random.below(i + 1)]);
      step = static_cast<index_t>(1 + random.below(2));
    }
    for (const std::size_t axis : order) {
      const bool reversed = !tight && random.below(4) == 0;
      const index_t span = step * (extents[axis] - 1);
      strides_[axis] = reversed ? -step : step;
      if (reversed) before += span;
      reach += span;
      step = step * extents[axis] + (tight ? 0 : static_cast<index_t>(random.below(2)));
    }
    count_ = static_cast<std::size_t>(reach + 1);
    if (count_ * sizeof(T) > memory_.size()) return false;
    first_ = random.below(2) == 0 ? memory_.template flush_with_begin<T>()
                                  : memory_.template flush_with_end<T>(count_);
    origin_ = first_ + before;
    extents_ = extents;
    return true;
  }

  tensor_view<T, 4> view() const { return {origin_, extents_, strides_}; }
  void fill(bits_of<T> bits) const {
    for (std::size_t i = 0; i < count_; ++i) detail::store(first_ + i, from_bits<T>(bits));
  }
  /// All of its memory, gaps too.
  const T* memory() const { return first_; }
  std::size_t size() const { return count_; }

  /// Calls `value()` for each element.
  template <class Value>
  void assign(const Value& value) const {
    for (index_t a = 0; a < extents_[0]; ++a) {
      for (index_t b = 0; b < extents_[1]; ++b) {
        for (index_t c = 0; c < extents_[2]; ++c) {
          for (index_t d = 0; d < extents_[3]; ++d) {
            const index_t at = a * strides_[0] + b * strides_[1] + c * strides_[2] + d * strides_[3];
            detail::store(origin_ + at, static_cast<T>(value()));
          }
        }
      }
    }
  }

 private:
  guarded_buffer memory_;
  T* first_ = nullptr;
  T* origin_ = nullptr;
  std::size_t count_ = 0;
  std::array<index_t, 4> extents_{}, strides_{};
};

/// What a problem is drawn from: inclusive bounds.
struct bounds {
  index_t images, height, width, groups, channels, filters, kernel, stride, dilation, padding;
};

struct drawn_problem {
  std::array<index_t, 4> x, w, y;
  conv2d_options options;
};

std::string text(const std::array<index_t, 4>& extents) {
  std::string all;
  for (const index_t extent : extents) all += ' ' + std::to_string(extent);
  return all;
}

class problems {
 public:
  explicit problems(std::uint64_t seed) : random(seed) {}

  index_t any(index_t from, index_t to) {
    return from + static_cast<index_t>(random.below(static_cast<std::uint64_t>(to - from + 1)));
  }

  drawn_problem draw(const bounds& b) {
    for (;;) {
      drawn_problem p;
      const index_t groups = any(0, 2) == 0 ? any(1, b.groups) : 1;
      p.options.groups = groups;
      p.options.stride = {any(1, b.stride), any(1, b.stride)};
      p.options.dilation = {any(1, b.dilation), any(1, b.dilation)};
      p.options.padding = {any(0, b.padding), any(0, b.padding), any(0, b.padding), any(0, b.padding)};
      if (any(0, 5) == 0) p.options.padding = padding::same();
      const bool depthwise = groups > 1 && any(0, 1) == 0;
      const index_t channels = depthwise ? 1 : any(1, b.channels),
                    filters = depthwise ? 1 : any(1, b.filters);
      p.x = {any(1, b.images), any(1, b.height), any(1, b.width), channels * groups};
      p.w = {filters * groups, any(1, b.kernel), any(1, b.kernel), channels};
      const auto shape = conv2d_output_shape(p.x, p.w, p.options);
      if (!shape) continue;
      p.y = *shape;
      return p;
    }
  }

  /// Mostly ordinary numbers, some zeros of both signs, subnormals and numbers that overflow together.
  float number() {
    const std::uint64_t r = random();
    const float unit = static_cast<float>(static_cast<std::int64_t>(r)) * 0x1p-63F;
    switch (r % 32) {
      case 0:
        return unit * 0x1p-130F;
      case 1:
        return -0.0F;
      case 2:
        return 0.0F;
      case 3:
        return unit * 0x1p+100F;
      default:
        return unit;
    }
  }
  float special() {
    static const std::vector<float> specials = special_alphabet<float>();
    return specials[random.below(specials.size())];
  }

  random_bits random;
};

template <policy P, floating T = float>
class comparison {
 public:
  explicit comparison(std::uint64_t seed, std::size_t floats = 1 << 16)
      : from_(seed), x_(floats), w_(floats), y_(floats), bias_(floats / 2 * sizeof(T)), packed_(8 * floats) {
    for_each_target([&](const char* name) {
      auto* const code = detail::choose<kernel>();
      if (code != kernel::scalar) codes_.push_back({name, code});
    });
  }

  /// One random problem on every target.
  void compare(const bounds& b) {
    drawn_problem p = from_.draw(b);
    auto& random = from_.random;
    while (!(x_.place(random, p.x, random.below(2) == 0) && w_.place(random, p.w, random.below(3) == 0) &&
             y_.place(random, p.y, random.below(2) == 0))) {
      p = from_.draw(b);
    }
    constexpr auto signalling = static_cast<bits_of<T>>(detail::format_of<T>::infinity + 1);
    constexpr auto untouched = static_cast<bits_of<T>>(0x5A5A5A5A);
    x_.fill(signalling);
    w_.fill(signalling);
    const bool special_x = random.below(16) == 0, special_w = random.below(8) == 0;
    x_.assign([&] { return special_x && random.below(16) == 0 ? from_.special() : from_.number(); });
    w_.assign([&] { return special_w && random.below(16) == 0 ? from_.special() : from_.number(); });
    const index_t filters = p.w[0], bias_step = from_.any(1, 2);
    const bool with_bias = random.below(2) == 0;
    auto* const bias = bias_.flush_with_end<T>(static_cast<std::size_t>((filters - 1) * bias_step + 1));
    for (index_t i = 0; i < filters && with_bias; ++i)
      detail::store(bias + i * bias_step, static_cast<T>(from_.number()));
    const tensor_view<const T> x = x_.view(), w = w_.view();
    const tensor_view<T> y = y_.view();

    const tensor_view<const T, 1> b1(bias, {filters}, {bias_step});
    const auto call = detail::conv2d_call<P>(x, w, b1, y, p.options);
    detail::conv2d_plan plan;
    REQUIRE(call.check(plan));
    detail::conv2d_packing<float> packing;
    if constexpr (std::is_same_v<T, float>) {
      if (from_.any(0, 1) == 0) packing = pack(p);
    }
    const detail::conv2d_run<T> run{plan.geometry, x, w, with_bias ? bias : nullptr, bias_step, y, packing};
    const index_t rows = p.y[0] * p.y[1];
    y_.fill(untouched);
    kernel::scalar(run, 0, rows);
    const std::vector<T> expected(y_.memory(), y_.memory() + y_.size());
    const index_t cut = from_.any(0, rows);  // where work may be split
    for (const named_code& code : codes_) {
      y_.fill(untouched);
      code.compute(run, cut, rows);
      code.compute(run, 0, cut);
      if (std::memcmp(y_.memory(), expected.data(), expected.size() * sizeof(T)) != 0) {
        INFO(code.target << ": x" << text(p.x) << " w" << text(p.w) << " y" << text(p.y) << " groups "
                         << p.options.groups << " stride " << p.options.stride[0] << ' '
                         << p.options.stride[1] << (packing.rows != nullptr ? " packed" : "") << " dilation "
                         << p.options.dilation[0] << ' ' << p.options.dilation[1] << ", rows from " << cut);
        REQUIRE(false);
      }
    }
  }

 private:
  using kernel = detail::conv2d_kernel<detail::conv2d_policy<T>(P, detail::conv2d_part::forward), T>;
  struct named_code {
    std::string target;
    typename kernel::function* compute;
  };

  /// The weights between guarded pages; nothing where there is no room for them.
  detail::conv2d_packing<float> pack(const drawn_problem& p) {
    const auto count = static_cast<std::size_t>(conv2d_packed_size(p.w, p.options).value());
    if (count * sizeof(float) > packed_.size()) return {};
    auto* const memory =
        from_.any(0, 1) == 0 ? packed_.flush_with_begin<float>() : packed_.flush_with_end<float>(count);
    const tensor_view<float, 1> room(memory, {static_cast<index_t>(count)});
    packed_conv2d_weight packed;
    pack_conv2d_weight(w_.view(), room, packed, p.options);
    return packed.packing();
  }

  problems from_;
  placed_tensor<T> x_, w_, y_;
  guarded_buffer bias_, packed_;
  std::vector<named_code> codes_;
};

constexpr policy defaults{}, absent{.padded_taps = padded_taps::absent}, fast{.precision = precision::fast},
    fast_absent{.padded_taps = padded_taps::absent, .precision = precision::fast};

constexpr bounds tiny{2, 4, 4, 3, 2, 3, 3, 3, 3, 3};

template <policy P, floating T = float>
void compare_many(const char* what, long wanted, std::uint64_t seed, const bounds& b) {
  comparison<P, T> codes(seed);
  case_count cases(what, scaled(wanted));
  for (long i = 0; i < scaled(wanted); ++i) {
    codes.compare(b);
    cases.add();
  }
  cases.check();
}

}  // namespace

TEST_CASE("conv2d on every target: tiny geometries") {
  compare_many<defaults>("tiny geometries", 800'000, 1, tiny);
  compare_many<absent>("tiny geometries, padded taps absent", 100'000, 2, tiny);
  compare_many<fast>("tiny geometries, fast", 200'000, 12, tiny);
}

TEST_CASE("conv2d on every target: vectors of filters and channels, full and not") {
  compare_many<defaults>("panels of filters", 4'000, 3, {2, 6, 9, 2, 5, 150, 3, 2, 3, 3});
  compare_many<defaults>("depthwise and grouped", 4'000, 4, {2, 6, 9, 70, 2, 2, 4, 2, 3, 3});
  compare_many<absent>("panels, padded taps absent", 2'000, 5, {1, 6, 9, 40, 5, 70, 3, 2, 3, 3});
  compare_many<fast_absent>("panels, fast, padded taps absent", 2'000, 13, {1, 6, 9, 40, 5, 70, 3, 2, 3, 3});
}

TEST_CASE("conv2d on every target: vectors of pixels, where filters are few") {
  compare_many<defaults>("pixels", 6'000, 15, {2, 4, 45, 5, 3, 9, 3, 2, 3, 4});
  compare_many<fast>("pixels, fast", 2'000, 16, {2, 4, 45, 5, 3, 9, 3, 2, 3, 4});
  compare_many<absent>("pixels, many terms", 200, 17, {1, 3, 40, 2, 300, 5, 3, 1, 2, 3});
}

TEST_CASE("conv2d of 16 bits on every target") {
  compare_many<defaults, float16>("tiny geometries, f16", 60'000, 18, tiny);
  compare_many<defaults, bfloat16>("tiny geometries, bf16", 60'000, 19, tiny);
  compare_many<absent, float16>("filters and channels, f16", 1'000, 20, {2, 6, 20, 40, 5, 40, 3, 2, 3, 3});
  compare_many<defaults, bfloat16>("filters and channels, bf16", 1'000, 21,
                                   {2, 6, 20, 40, 5, 40, 3, 2, 3, 3});
  compare_many<absent, float16>("many channels, f16", 150, 22, {1, 5, 6, 2, 700, 40, 3, 2, 2, 2});
}

TEST_CASE("conv2d on every target: sums of many chunks") {
  compare_many<defaults>("many channels", 300, 6, {1, 5, 6, 2, 700, 40, 3, 2, 2, 2});
  compare_many<defaults>("many channels, more pixels than are taken together", 60, 23,
                         {1, 12, 12, 1, 130, 50, 3, 1, 1, 2});
  compare_many<fast>("many channels, fast", 300, 14, {1, 5, 6, 2, 700, 40, 3, 2, 2, 2});
  compare_many<defaults>("large kernels", 300, 7, {1, 40, 40, 2, 2, 20, 36, 3, 3, 30});
}

TEST_CASE(
    "Packed weights are taken where conv2d takes a weight, and only with the options they were packed with") {
  problems from(9);
  const std::array<index_t, 4> shape{1, 6, 6, 4}, weight_shape{6, 3, 3, 2}, output{1, 4, 4, 6};
  std::vector<float> x(144), w(108), bias(6), expected(96), y(96);
  for (std::vector<float>* values : {&x, &w, &bias}) {
    for (float& v : *values) v = from.number();
  }
  const conv2d_options options{.groups = 2};
  const tensor_view<const float, 4> in(x.data(), shape), filters(w.data(), weight_shape);
  const tensor_view<float, 4> out(y.data(), output);
  REQUIRE(conv2d_packed_size(filters, options) == 2 * 18 * 16);
  REQUIRE(!conv2d_packed_size(filters, {.groups = 4}));
  std::vector<float> memory(2 * 18 * 16), too_little(2 * 18 * 16 - 1);
  packed_conv2d_weight packed;
  REQUIRE(try_pack_conv2d_weight(filters, too_little, packed, options) == status::shape_mismatch);
  REQUIRE(try_pack_conv2d_weight(filters, memory, packed, options) == status::ok);
  conv2d(in, filters, bias, tensor_view<float, 4>(expected.data(), output), options);
  for_each_target([&](const char*) {
    std::fill(y.begin(), y.end(), 1.0F);
    conv2d(in, packed, bias, out, options);
    REQUIRE(std::memcmp(y.data(), expected.data(), y.size() * sizeof(float)) == 0);
  });
  REQUIRE(check_conv2d(in, packed, out, options));
  REQUIRE(check_conv2d(in, packed, out, {.groups = 2, .weight_layout = weight_layout::oihw}).code !=
          status::ok);
  const tensor_view<const float, 4> narrow(x.data(), {1, 6, 6, 2});
  REQUIRE(check_conv2d(narrow, packed, out).code == status::invalid_option);
  const tensor_view<float, 4> over_packed(memory.data(), output);
  REQUIRE(check_conv2d(in, packed, over_packed, options).code == status::overlap);
}

TEST_CASE("conv2d on every target: any split of the work") {
  problems from(8);
  case_count cases("calls with executors", scaled(40));
  for (long i = 0; i < scaled(40); ++i) {
    const drawn_problem p = from.draw({3, 20, 20, 1, 20, 40, 3, 2, 2, 3});
    const auto size = [](const std::array<index_t, 4>& s) {
      return static_cast<std::size_t>(s[0] * s[1] * s[2] * s[3]);
    };
    std::vector<float> x(size(p.x)), w(size(p.w)), serially(size(p.y)), y(size(p.y));
    for (float& v : x) v = from.number();
    for (float& v : w) v = from.number();
    const tensor_view<const float, 4> in(x.data(), p.x), filters(w.data(), p.w);
    for_each_target([&](const char*) {
      conv2d(in, filters, tensor_view<float, 4>(serially.data(), p.y), p.options);
      conv2d(in, filters, tensor_view<float, 4>(y.data(), p.y), p.options, reverse_executor());
      REQUIRE(std::memcmp(y.data(), serially.data(), y.size() * sizeof(float)) == 0);
      std::fill(y.begin(), y.end(), 1.0F);
      conv2d(in, filters, tensor_view<float, 4>(y.data(), p.y), p.options, thread_executor());
      REQUIRE(std::memcmp(y.data(), serially.data(), y.size() * sizeof(float)) == 0);
    });
    cases.add();
  }
  cases.check();
}

}  // namespace K754_KERNEL_ABI
}  // namespace k754_test
