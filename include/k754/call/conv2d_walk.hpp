/// How the vectors walk over a convolution: outputs in rectangles that read the same taps, so that a padded tap is simply
/// absent from their list; and the lists.
#ifndef K754_CALL_CONV2D_WALK_HPP
#define K754_CALL_CONV2D_WALK_HPP

#include <array>
#include <cstddef>
#include <cstdint>

#include "../detail/flags-inl.hpp"
#include "../reference/conv2d.hpp"
#include "../reference/dot_product.hpp"
#include "../status.hpp"

namespace k754::detail {
inline namespace K754_ABI {

/// Outputs [begin, end) along a spatial axis, each of which reads pixels through the taps [first, last) and padding through
/// the others.
struct axis_class {
  index_t begin, end;
  index_t first, last;

  constexpr bool empty() const noexcept { return first >= last; }
};

/// The class of output `begin`, and how far before `end` it goes.
constexpr axis_class class_from(const reference::conv2d_axis& axis, index_t begin, index_t end) noexcept {
  const index_t at = axis.position(begin, 0), room = axis.input - 1 - at;
  const index_t first = at >= 0 ? 0 : (-at - 1) / axis.dilation + 1;
  const index_t reached = room < 0 ? 0 : room / axis.dilation + 1;
  const index_t last = reached < axis.kernel ? reached : axis.kernel;
  // from there on the first tap, or the last, is another
  index_t until = end;
  const auto stop_at = [&](index_t position) {
    const index_t output = begin + (position - at - 1) / axis.stride + 1;
    if (output < until) until = output;
  };
  if (first > 0) stop_at(-(first - 1) * axis.dilation);
  if (last > 0) stop_at(axis.input - (last - 1) * axis.dilation);
  return {begin, until, first, last};
}

/// Outputs of the images [begin_image, end_image) that read the same taps.
struct output_rectangle {
  index_t begin_image, end_image;
  axis_class rows, columns;

  constexpr bool without_taps() const noexcept { return rows.empty() || columns.empty(); }
  constexpr bool skips_taps(const reference::conv2d_geometry& g) const noexcept {
    const auto skips = [](const axis_class& c, index_t taps) { return c.last - c.first < taps; };
    return skips(rows, g.height.kernel) || skips(columns, g.width.kernel);
  }
};

/// Calls `body(rectangle)` for what the rows [begin, end) of all images consist of; row r is row r % height of image r / height.
template <class Body>
void for_rectangles(const reference::conv2d_geometry& g, index_t begin, index_t end, Body&& body) {
  const index_t height = g.height.output, width = g.width.output;
  while (begin < end) {
    const index_t image = begin / height, row = begin % height;
    // whole images together, or the part of one
    const index_t images = row == 0 && end - begin >= height ? (end - begin) / height : 1;
    const index_t rows = end - begin < height - row ? end - begin : height - row;
    for (index_t h = row; h < row + rows;) {
      const axis_class of_rows = class_from(g.height, h, row + rows);
      for (index_t v = 0; v < width;) {
        const axis_class of_columns = class_from(g.width, v, width);
        body(output_rectangle{image, image + images, of_rows, of_columns});
        v = of_columns.end;
      }
      h = of_rows.end;
    }
    begin += images > 1 ? images * height : rows;
  }
}

/// Up to `capacity` outputs of a rectangle, row by row, as offsets of the first element they read and of the one they are; or
/// runs of `length` outputs, as those of the first, the last of a row from its end back.
class output_pixels {
 public:
  static constexpr std::size_t capacity = 48;

  template <class X, class Y>
  output_pixels(const reference::conv2d_geometry& g, const output_rectangle& of, const X& x, const Y& y,
                index_t length = 1) noexcept
      : of_(of),
        length_(length),
        stride_{g.height.stride, g.width.stride},
        x_{x.stride(0), x.stride(1), x.stride(2)},
        y_{y.stride(0), y.stride(1), y.stride(2)},
        image_(of.begin_image),
        row_(of.rows.begin),
        column_(of.columns.begin) {
    if (of.without_taps()) return;  // nothing is read, and these numbers could overflow
    before_ = {g.height.before - of.rows.first * g.height.dilation,
               g.width.before - of.columns.first * g.width.dilation};
  }

  /// The next `most` at most; how many there were.
  std::size_t next(std::size_t most) noexcept {
    std::size_t count = 0;
    for (; count < most && image_ < of_.end_image; ++count) {
      from_[count] = of_.without_taps() ? 0
                                        : image_ * x_[0] + (row_ * stride_[0] - before_[0]) * x_[1] +
                                              (column_ * stride_[1] - before_[1]) * x_[2];
      to_[count] = image_ * y_[0] + row_ * y_[1] + column_ * y_[2];
      advance();
    }
    return count;
  }
  const index_t* from() const noexcept { return from_; }
  const index_t* to() const noexcept { return to_; }

 private:
  void advance() noexcept {
    column_ += length_;
    if (column_ < of_.columns.end) {
      if (of_.columns.end - column_ < length_) column_ = of_.columns.end - length_;
      return;
    }
    column_ = of_.columns.begin;
    if (++row_ < of_.rows.end) return;
    row_ = of_.rows.begin;
    ++image_;
  }

  output_rectangle of_;
  index_t length_;
  std::array<index_t, 2> stride_, before_ = {};
  std::array<index_t, 3> x_, y_;
  index_t image_, row_, column_;
  index_t from_[capacity], to_[capacity];
};

/// Terms whose operands are steps apart, from offsets in the image and in the weights.
struct term_segment {
  index_t x, w;
  std::int32_t count;
  bool ends_chunk;
};

/// Strides of the image [H, W, C] and of weights [KH, KW, C].
struct tap_strides {
  std::array<index_t, 3> x, w;
};

/// The terms of a rectangle's outputs, in blocks of whole chunks. Offsets are from the first pixel read and from tap 0 of the
/// weights, or where these are copied chunk by chunk, from the first term of the chunk.
class term_list {
 public:
  static constexpr std::size_t capacity = 264;

  term_list(const reference::conv2d_geometry& g, index_t channels, const output_rectangle& of,
            const tap_strides& strides, index_t chunks_of_block, bool from_chunk) noexcept
      : rows_(of.rows),
        columns_(of.columns),
        dilation_{g.height.dilation, g.width.dilation},
        kernel_width_(g.width.kernel),
        channels_(channels),
        strides_(strides),
        most_chunks_(chunks_of_block),
        from_chunk_(from_chunk),
        along_width_(channels == 1),
        run_(along_width_ ? of.columns.last - of.columns.first : channels) {
    // of one term the step is not looked at, and could be anything
    if (run_ > 1) {
      x_step_ = along_width_ ? dilation_[1] * strides.x[1] : strides.x[2];
      w_step_ = along_width_ ? strides.w[1] : strides.w[2];
    }
    if (of.without_taps() || channels == 0) {
      rows_.first = rows_.last;
    }
    restart();
  }

  void restart() noexcept {
    row_ = rows_.first;
    column_ = columns_.first;
    done_ = 0;
    is_first_ = true;
    started_ = false;
  }

  /// Makes the next block: one at least, which is empty where there are no terms.
  void next() noexcept {
    is_first_ = !started_;
    started_ = true;
    size_ = 0;
    index_t chunks = 0;
    while (!is_last()) {
      const index_t k = term();
      if (size_ == 0) {
        chunk_ = k / reference::dot_chunk;
        block_ = chunk_;
      } else if (k / reference::dot_chunk != chunk_) {
        segments_[size_ - 1].ends_chunk = true;
        if (++chunks == most_chunks_ || size_ + reference::dot_chunk > capacity) return;
        chunk_ = k / reference::dot_chunk;
      }
      const index_t room = reference::dot_chunk - k % reference::dot_chunk, left = run_ - done_;
      append(room < left ? room : left);
    }
    if (size_ > 0) segments_[size_ - 1].ends_chunk = true;
  }

  const term_segment* begin() const noexcept { return segments_; }
  const term_segment* end() const noexcept { return segments_ + size_; }
  index_t x_step() const noexcept { return x_step_; }
  index_t w_step() const noexcept { return w_step_; }
  bool is_first() const noexcept { return is_first_; }
  bool is_last() const noexcept { return row_ >= rows_.last; }
  /// The first chunk of the block.
  index_t chunk() const noexcept { return block_; }

 private:
  /// Which of all terms is next.
  index_t term() const noexcept {
    const index_t column = along_width_ ? column_ + done_ : column_;
    return (row_ * kernel_width_ + column) * channels_ + (along_width_ ? 0 : done_);
  }

  void append(index_t count) noexcept {
    const index_t row = row_ - rows_.first, column = column_ - columns_.first;
    const index_t x =
        row * dilation_[0] * strides_.x[0] + column * dilation_[1] * strides_.x[1] + done_ * x_step_;
    index_t w = row_ * strides_.w[0] + column_ * strides_.w[1] + done_ * w_step_;
    if (from_chunk_) w -= chunk_ * reference::dot_chunk * w_step_of_term();
    term_segment* const last = size_ > 0 ? &segments_[size_ - 1] : nullptr;
    if (last != nullptr && !last->ends_chunk && last->x + last->count * x_step_ == x &&
        last->w + last->count * w_step_ == w) {
      last->count += static_cast<std::int32_t>(count);
    } else {
      segments_[size_++] = {x, w, static_cast<std::int32_t>(count), false};
    }
    advance(count);
  }
  void advance(index_t count) noexcept {
    done_ += count;
    if (done_ < run_) return;
    done_ = 0;
    if (!along_width_ && ++column_ < columns_.last) return;
    column_ = columns_.first;
    ++row_;
  }
  /// Copied weights lie term by term.
  index_t w_step_of_term() const noexcept { return strides_.w[2]; }

  axis_class rows_, columns_;
  std::array<index_t, 2> dilation_;
  index_t kernel_width_, channels_;
  tap_strides strides_;
  index_t most_chunks_;
  bool from_chunk_, along_width_;
  index_t run_, x_step_ = 0, w_step_ = 0;
  index_t row_ = 0, column_ = 0, done_ = 0;  // the next term
  index_t chunk_ = 0, block_ = 0;
  bool is_first_ = true, started_ = false;
  std::size_t size_ = 0;
  term_segment segments_[capacity];
};

}  // namespace K754_ABI
}  // namespace k754::detail

#endif  // K754_CALL_CONV2D_WALK_HPP
