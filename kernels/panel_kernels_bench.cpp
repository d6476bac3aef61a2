// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory_resource>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "kernels/huge_pages.hpp"
#include "kernels/limits/machine_limits.hpp"
#include "kernels/packing/activation_tiles.hpp"
#include "kernels/panel/panel_kernels.hpp"
#include "kernels/panel/panel_kernels_impl.hpp"

namespace {

using sterna::ActivationTiles;
using sterna::kPanelRows;
using sterna::MachineLimits;
using sterna::PanelKernels;
using sterna::PanelProduct;

using ProductFunction = void (*)(const PanelProduct&);

enum class Format { Ternary, Int8 };
enum class From { Cache, Dram };

struct Shape {
  std::size_t rows;
  std::size_t cols;
};

constexpr Shape kHead = {128256, 2560};
// Keys of one head at a context of 4096 positions.
constexpr Shape kKeys = {4096, 128};
// The products of a layer of BitNet b1.58 2B4T: k and v, q and o, gate and up, down.
constexpr std::array<Shape, 4> kLayer = {{{640, 2560}, {2560, 2560}, {6912, 2560}, {2560, 6912}}};

/// Bytes that are legal in both formats: as many as three times the last cache and the head have, so
/// that whole matrices in turn come from memory.
std::span<const std::uint8_t> weights() {
  static sterna::HugePages pages;
  static const std::pmr::vector<std::uint8_t> bytes = [] {
    const std::size_t cache = sterna::last_cache_bytes();
    std::pmr::vector<std::uint8_t> filled(std::max(3 * cache, kHead.rows * kHead.cols), &pages);
    std::array<std::uint8_t, 81> four_trits{};
    for (std::size_t i = 0; i < four_trits.size(); ++i) {
      const std::size_t codes = i % 3 + i / 3 % 3 * 4 + i / 9 % 3 * 16 + i / 27 * 64;
      four_trits[i] = static_cast<std::uint8_t>(codes);
    }
    std::minstd_rand random(1);
    for (std::uint8_t& byte : filled) byte = four_trits[random() % four_trits.size()];
    return filled;
  }();
  return bytes;
}

/// One matrix after the other out of weights(), times the same activations.
class Problem {
 public:
  Problem(Format format, Shape shape, std::size_t tokens)
      : panels_((shape.rows + kPanelRows - 1) / kPanelRows), sums_(tokens * shape.rows) {
    const std::size_t padded = (shape.cols + 15) / 16 * 16;
    std::mt19937 random(1);
    std::vector<std::int8_t> x(tokens * shape.cols);
    for (std::int8_t& value : x) value = static_cast<std::int8_t>(random() & 0xFFU);
    sterna::ThreadPool pool(1);
    x_.fill(x, tokens, shape.cols, padded, pool);
    product_ = {.panels = weights().data(),
                .panel_bytes = padded * kPanelRows / (format == Format::Ternary ? 4 : 1),
                .panel_begin = 0,
                .panel_end = panels_,
                .quads = padded / 4,
                .rows = shape.rows,
                .x = x_.tiles(),
                .x_sum = x_.sums(),
                .tokens = tokens,
                .y = sums_.data(),
                .y_stride = shape.rows};
  }

  [[nodiscard]] std::size_t bytes() const { return panels_ * product_.panel_bytes; }
  [[nodiscard]] const PanelProduct& first() const { return product_; }

  /// The next matrix, after the last one the first.
  [[nodiscard]] const PanelProduct& next() {
    at_ = at_ + 2 * bytes() <= weights().size() ? at_ + bytes() : 0;
    product_.panels = weights().data() + at_;
    return product_;
  }

  /// A fast wrong kernel is worth nothing: the first and the last panel of two matrices are compared
  /// before timing.
  [[nodiscard]] bool sample_is_right(ProductFunction kernel, ProductFunction scalar) {
    for (const PanelProduct& matrix : {first(), next()}) {
      for (const std::size_t panel : {std::size_t{0}, panels_ - 1}) {
        PanelProduct one = matrix;
        one.panel_begin = panel;
        one.panel_end = panel + 1;
        std::ranges::fill(sums_, 0);
        kernel(one);
        const std::vector<std::int32_t> ours = sums_;
        std::ranges::fill(sums_, 0);
        scalar(one);
        if (sums_ != ours) return false;
      }
    }
    return true;
  }

 private:
  std::size_t panels_;
  std::size_t at_ = 0;
  ActivationTiles x_;
  std::vector<std::int32_t> sums_;
  PanelProduct product_{};
};

const MachineLimits& limits_of(std::string_view isa) {
  static std::map<std::string_view, MachineLimits> measured;
  const auto found = measured.find(isa);
  if (found != measured.end()) return found->second;
  return measured[isa] = sterna::measure_limits(sterna::LimitsPlan::of(1, isa));
}

ProductFunction function_of(const PanelKernels& kernels, Format format) {
  return format == Format::Ternary ? kernels.ternary : kernels.int8;
}

/// Counters: MAC/s and weight bytes/s, and what fraction they are of what this run measured as the peak
/// of the multiply-add and of memory. One thread.
void bench_product(benchmark::State& state, const PanelKernels& kernels, Format format, From from) {
  if (!kernels.supported()) return state.SkipWithError("not on this CPU");
  const Shape shape = {static_cast<std::size_t>(state.range(0)),
                       static_cast<std::size_t>(state.range(1))};
  const auto tokens = static_cast<std::size_t>(state.range(2));
  Problem problem(format, shape, tokens);
  const ProductFunction kernel = function_of(kernels, format);
  if (!problem.sample_is_right(kernel, function_of(sterna::all_panel_kernels().back(), format))) {
    return state.SkipWithError("wrong sums");
  }
  const MachineLimits& limits = limits_of(kernels.name);

  for (auto _ : state) {
    kernel(from == From::Dram ? problem.next() : problem.first());
    benchmark::ClobberMemory();
  }
  const auto iterations = static_cast<double>(state.iterations());
  const double macs = static_cast<double>(shape.rows * shape.cols * tokens) * iterations;
  const double bytes = static_cast<double>(problem.bytes()) * iterations;
  using benchmark::Counter;
  state.counters["MAC/s"] = Counter(macs, Counter::kIsRate);
  state.counters["weight_bytes/s"] = Counter(bytes, Counter::kIsRate);
  state.counters["of_peak"] = Counter(macs / limits.macs_s, Counter::kIsRate);
  state.counters["of_dram"] = Counter(bytes / limits.dram_bytes_s, Counter::kIsRate);
  std::array<char, 80> label{};
  std::snprintf(label.data(), label.size(), "limits %.1f GMAC/s, %.2f GB/s", limits.macs_s / 1e9,
                limits.dram_bytes_s / 1e9);
  state.SetLabel(label.data());
}

/// What a registered row multiplies: every shape with every number of tokens.
struct Rows {
  std::string name;
  Format format;
  From from;
  std::vector<Shape> shapes;
  std::vector<std::size_t> tokens;
};

std::vector<Rows> rows_of(std::string_view isa) {
  const std::vector<Shape> layer(kLayer.begin(), kLayer.end());
  if (isa == "scalar") {  // the specification, not for speed
    return {{"ternary_cache", Format::Ternary, From::Cache, {kLayer[0]}, {1, 8}},
            {"int8_cache", Format::Int8, From::Cache, {kKeys}, {1, 8}}};
  }
  return {{"ternary_dram", Format::Ternary, From::Dram, layer, {1}},
          {"ternary_cache", Format::Ternary, From::Cache, layer, {1, 8, 64, 256, 512}},
          {"int8_dram", Format::Int8, From::Dram, {kHead}, {1, 2, 8, 64}},
          {"int8_cache", Format::Int8, From::Cache, {kKeys, kLayer[1]}, {1, 2, 8, 64}}};
}

const bool kRegistered = [] {
  for (const PanelKernels& kernels : sterna::all_panel_kernels()) {
    for (const Rows& rows : rows_of(kernels.name)) {
      auto* bench = benchmark::RegisterBenchmark(
          (rows.name + "/" + std::string(kernels.name)).c_str(),
          [&kernels, rows](auto& state) { bench_product(state, kernels, rows.format, rows.from); });
      bench->ArgNames({"rows", "cols", "tokens"});
      for (const Shape& shape : rows.shapes) {
        for (const std::size_t tokens : rows.tokens) {
          bench->Args({static_cast<std::int64_t>(shape.rows), static_cast<std::int64_t>(shape.cols),
                       static_cast<std::int64_t>(tokens)});
        }
      }
    }
  }
  return true;
}();

}  // namespace
