// SPDX-License-Identifier: Apache-2.0
#include "kernels/panel/panel_kernels.hpp"

#include <cstdint>
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/cpu_backend.hpp"
#include "kernels/packing/int8_panels.hpp"
#include "kernels/packing/packed_int8.hpp"
#include "kernels/packing/two_plane_int8.hpp"

namespace sterna {

// Found by argument-dependent lookup, so it cannot be in the unnamed namespace.
void PrintTo(const PanelKernels& impl, std::ostream* os) { *os << impl.name; }

namespace {

struct Shape {
  std::size_t rows;
  std::size_t cols;
  std::size_t tokens;
};

// The plain loop, on unpacked trits: it shares no code with the packing.
// A trit is an int8 here.
std::vector<std::int32_t> expected(const std::vector<std::int8_t>& w,
                                   const std::vector<std::int8_t>& x, const Shape& s) {
  std::vector<std::int32_t> y(s.tokens * s.rows);
  for (std::size_t t = 0; t < s.tokens; ++t) {
    for (std::size_t r = 0; r < s.rows; ++r) {
      for (std::size_t c = 0; c < s.cols; ++c) {
        y[t * s.rows + r] += w[r * s.cols + c] * x[t * s.cols + c];
      }
    }
  }
  return y;
}

class PanelKernelsTest : public testing::TestWithParam<PanelKernels> {
 protected:
  void SetUp() override {
    if (!GetParam().supported()) GTEST_SKIP() << GetParam().name << " is not on this CPU";
  }
};

class TernaryMatmulTest : public PanelKernelsTest {
 protected:
  static std::vector<std::int32_t> run(const std::vector<Trit>& w,
                                       const std::vector<std::int8_t>& x, const Shape& s,
                                       unsigned threads = 1) {
    ThreadPool pool(threads);
    CpuBackend backend(pool, GetParam().name);
    const PackedTernary packed(w, s.rows, s.cols);
    const MatrixId id = backend.add_matrix("w", packed);
    std::vector<std::int32_t> y(s.tokens * s.rows, 12345);
    const std::vector<Product> products = {{id, y}};
    backend.multiply({x, s.tokens, s.cols}, products);
    return y;
  }

  void expect_equal(const Shape& s, unsigned threads = 1) {
    std::vector<Trit> w(s.rows * s.cols);
    std::vector<std::int8_t> x(s.tokens * s.cols);
    for (Trit& v : w) v = static_cast<Trit>(trit_(rng_));
    for (std::int8_t& v : x) v = static_cast<std::int8_t>(act_(rng_));
    EXPECT_EQ(run(w, x, s, threads), expected(w, x, s))
        << s.rows << " x " << s.cols << ", " << s.tokens << " tokens, " << threads << " threads";
  }

  std::mt19937 rng_{20261122};
  std::uniform_int_distribution<int> trit_{-1, 1};
  std::uniform_int_distribution<int> act_{-128, 127};
};

// 1, one below, at and one above each boundary of the layout: quad, block of 16 columns, two blocks, the
// 768 columns that are unpacked at a time; then the widths of real models. One token, a few and many
// take different ways.
TEST_P(TernaryMatmulTest, MatchesPlainLoopAroundEveryBlockBoundary) {
  for (const std::size_t cols :
       {1U,   3U,   4U,   5U,    15U,   16U,   17U,   31U,   32U,   33U,   48U,  113U,
        767U, 768U, 769U, 1023U, 2559U, 2561U, 1024U, 1025U, 2049U, 2560U, 6912U}) {
    for (const std::size_t tokens : {1U, 2U, 13U}) expect_equal({19, cols, tokens});
  }
}

// Below, at and above the panel of 16 rows, the pair of panels, the tile of 12 tokens, and every
// number of tokens that a tile can have.
TEST_P(TernaryMatmulTest, MatchesPlainLoopAroundEveryTileBoundary) {
  for (const std::size_t rows : {1U, 15U, 16U, 17U, 31U, 32U, 33U, 48U, 65U}) {
    for (std::size_t tokens = 1; tokens <= 26; ++tokens) expect_equal({rows, 75, tokens});
  }
}

// 264 tokens go together through a run of unpacked columns.
TEST_P(TernaryMatmulTest, MatchesPlainLoopAroundEveryGroupOfTokens) {
  for (const std::size_t tokens : {263U, 264U, 265U, 529U}) expect_equal({33, 1000, tokens});
}

TEST_P(TernaryMatmulTest, GivesTheSameSumsForAnyNumberOfThreads) {
  for (const unsigned threads : {1U, 2U, 3U, 8U, 64U}) expect_equal({131, 257, 5}, threads);
}

// Every product is +128 or -128: the largest sums there are, and 128 k columns of them do not fit an
// int16. One token, a few and many are summed in different ways.
TEST_P(TernaryMatmulTest, DoesNotOverflowAtTheExtreme) {
  for (const auto& [cols, tokens] : std::vector<std::pair<std::size_t, std::size_t>>{
           {6912, 1}, {131072, 1}, {131072, 2}, {131072, 5}, {16384, 13}}) {
    const Shape s{1, cols, tokens};
    for (const int w : {-1, 0, 1}) {
      for (const int x : {-128, 127}) {
        EXPECT_EQ(run(std::vector<Trit>(cols, static_cast<Trit>(w)),
                      std::vector<std::int8_t>(tokens * cols, static_cast<std::int8_t>(x)), s),
                  std::vector<std::int32_t>(tokens, static_cast<std::int32_t>(cols) * w * x))
            << cols << " columns, " << tokens << " tokens, " << w << " * " << x;
      }
    }
  }
}

class Int8MatmulTest : public PanelKernelsTest {
 protected:
  static std::vector<std::int32_t> run(const std::vector<std::int8_t>& w,
                                       const std::vector<std::int8_t>& x, const Shape& s) {
    ThreadPool pool(1);
    PackedInt8 packed(s.rows, s.cols);
    for (std::size_t r = 0; r < s.rows; ++r) {
      packed.set_row(r, std::span(w).subspan(r * s.cols, s.cols));
    }
    ActivationTiles tiles;
    tiles.fill(x, s.tokens, s.cols, packed.quads() * kQuadCols, pool);
    std::vector<std::int32_t> y(s.tokens * s.rows, 12345);
    multiply_int8(GetParam(), packed.panels_from(0), tiles, y, s.rows);
    return y;
  }

  void expect_equal(const Shape& s) {
    std::vector<std::int8_t> w(s.rows * s.cols);
    std::vector<std::int8_t> x(s.tokens * s.cols);
    for (std::int8_t& v : w) v = static_cast<std::int8_t>(value_(rng_));
    for (std::int8_t& v : x) v = static_cast<std::int8_t>(value_(rng_));
    EXPECT_EQ(run(w, x, s), expected(w, x, s))
        << s.rows << " x " << s.cols << ", " << s.tokens << " tokens";
  }

  std::mt19937 rng_{20261122};
  std::uniform_int_distribution<int> value_{-128, 127};
};

TEST_P(Int8MatmulTest, MatchesPlainLoopAroundEveryBoundary) {
  for (const std::size_t cols : {1U, 3U, 4U, 5U, 7U, 8U, 9U, 2560U}) {
    for (const std::size_t tokens : {1U, 2U, 13U}) expect_equal({19, cols, tokens});
  }
  for (const std::size_t rows : {1U, 15U, 16U, 17U, 31U, 32U, 33U, 65U}) {
    for (std::size_t tokens = 1; tokens <= 26; ++tokens) expect_equal({rows, 43, tokens});
  }
  for (const std::size_t tokens : {1U, 2U, 3U, 4U}) {  // the activations that are widened at a time
    const std::size_t cols = 2048 / tokens * 4;
    for (const std::size_t more : {0U, 1U, 8U}) expect_equal({19, cols + more, tokens});
  }
  for (const std::size_t rows : {127U, 128U, 129U}) {  // panels that share widened activations
    for (const std::size_t tokens : {4U, 5U}) expect_equal({rows, 33, tokens});
  }
}

TEST_P(Int8MatmulTest, DoesNotOverflowAtTheExtreme) {
  constexpr auto kCols = PackedInt8::kMaxCols;
  const auto n = static_cast<std::int32_t>(kCols);
  for (const std::size_t tokens : {1U, 2U, 5U, 13U}) {
    const Shape s{1, kCols, tokens};
    for (const int w : {-128, 127}) {
      for (const int x : {-128, 127}) {
        EXPECT_EQ(run(std::vector<std::int8_t>(kCols, static_cast<std::int8_t>(w)),
                      std::vector<std::int8_t>(tokens * kCols, static_cast<std::int8_t>(x)), s),
                  std::vector<std::int32_t>(tokens, n * w * x));
      }
    }
  }
}

class Int6MatmulTest : public PanelKernelsTest {
 protected:
  // Products with the upper six bits of int8 weights.
  static std::vector<std::int32_t> run(const std::vector<std::int8_t>& w,
                                       const std::vector<std::int8_t>& x, const Shape& s) {
    ThreadPool pool(1);
    TwoPlaneInt8 planes(s.rows, s.cols);
    for (std::size_t r = 0; r < s.rows; ++r) {
      planes.set_row(r, std::span(w).subspan(r * s.cols, s.cols));
    }
    ActivationTiles tiles;
    tiles.fill(x, s.tokens, s.cols, planes.padded_cols(), pool);
    std::vector<std::int32_t> y(s.tokens * s.rows, 12345);
    planes.multiply_upper(GetParam(), 0, planes.panels(), tiles, y, s.rows);
    return y;
  }

  static std::vector<std::int8_t> upper_of(std::vector<std::int8_t> w) {
    for (std::int8_t& v : w) v = static_cast<std::int8_t>((v + 128) / 4 - 32);
    return w;
  }

  void expect_equal(const Shape& s) {
    std::vector<std::int8_t> w(s.rows * s.cols);
    std::vector<std::int8_t> x(s.tokens * s.cols);
    for (std::int8_t& v : w) v = static_cast<std::int8_t>(value_(rng_));
    for (std::int8_t& v : x) v = static_cast<std::int8_t>(value_(rng_));
    EXPECT_EQ(run(w, x, s), expected(upper_of(w), x, s))
        << s.rows << " x " << s.cols << ", " << s.tokens << " tokens";
  }

  std::mt19937 rng_{20261122};
  std::uniform_int_distribution<int> value_{-128, 127};
};

TEST_P(Int6MatmulTest, MatchesPlainLoopAroundEveryBoundary) {
  for (const std::size_t cols : {1U, 3U, 4U, 5U, 12U, 13U, 15U, 16U, 17U, 31U, 32U, 33U, 2560U}) {
    for (const std::size_t tokens : {1U, 2U, 13U}) expect_equal({19, cols, tokens});
  }
  for (const std::size_t rows : {1U, 7U, 8U, 9U, 15U, 16U, 17U, 31U, 32U, 33U}) {
    for (std::size_t tokens = 1; tokens <= 26; ++tokens) expect_equal({rows, 43, tokens});
  }
}

TEST_P(Int6MatmulTest, DoesNotOverflowAtTheExtreme) {
  constexpr auto kCols = PackedInt8::kMaxCols;
  const auto n = static_cast<std::int32_t>(kCols);
  for (const std::size_t tokens : {1U, 2U, 5U}) {
    const Shape s{1, kCols, tokens};
    for (const int w : {-128, 127}) {
      for (const int x : {-128, 127}) {
        EXPECT_EQ(run(std::vector<std::int8_t>(kCols, static_cast<std::int8_t>(w)),
                      std::vector<std::int8_t>(tokens * kCols, static_cast<std::int8_t>(x)), s),
                  std::vector<std::int32_t>(tokens, n * (w < 0 ? -32 : 31) * x));
      }
    }
  }
}

const auto kName = [](const auto& variant) { return std::string(variant.param.name); };
const auto kEveryIsa = testing::ValuesIn(all_panel_kernels().begin(), all_panel_kernels().end());
INSTANTIATE_TEST_SUITE_P(EveryIsa, TernaryMatmulTest, kEveryIsa, kName);
INSTANTIATE_TEST_SUITE_P(EveryIsa, Int8MatmulTest, kEveryIsa, kName);
INSTANTIATE_TEST_SUITE_P(EveryIsa, Int6MatmulTest, kEveryIsa, kName);

TEST(AllPanelKernels, EndsWithScalarWhichRunsAnywhere) {
  EXPECT_EQ(all_panel_kernels().back().name, "scalar");
  EXPECT_TRUE(all_panel_kernels().back().supported());
}

TEST(AllPanelKernels, AutoTakesTheFirstSupportedOneUnlessTheEnvironmentForcesAnother) {
  unsetenv("STERNA_ISA");
  for (const PanelKernels& impl : all_panel_kernels()) {
    if (!impl.supported()) continue;
    EXPECT_EQ(panel_kernels("auto").name, impl.name);
    break;
  }
  setenv("STERNA_ISA", "scalar", 1);
  EXPECT_EQ(panel_kernels("auto").name, "scalar");
  unsetenv("STERNA_ISA");
}

TEST(AllPanelKernels, AnUnknownNameListsTheKnownOnes) {
  try {
    (void)panel_kernels("avx9000");
    FAIL() << "accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("avx9000"));
    for (const PanelKernels& impl : all_panel_kernels()) {
      EXPECT_THAT(error.what(), testing::HasSubstr(std::string(impl.name)));
    }
  }
}

TEST(CpuBackend, RefusesShapesThatDisagree) {
  ThreadPool pool(1);
  CpuBackend backend(pool, "scalar");
  const PackedTernary packed(2, 5);
  const MatrixId id = backend.add_matrix("w", packed);
  const std::vector<std::int8_t> x(5);
  std::vector<std::int32_t> y(2);
  std::vector<std::int32_t> short_y(1);
  const std::vector<Product> right = {{id, y}};
  const std::vector<Product> wrong = {{id, short_y}};
  EXPECT_NO_THROW(backend.multiply({x, 1, 5}, right));
  EXPECT_THROW(backend.multiply({x, 1, 5}, wrong), std::invalid_argument);
  EXPECT_THROW(backend.multiply({std::span(x).first(4), 1, 4}, right), std::invalid_argument);
  EXPECT_THROW(backend.multiply({std::span(x).first(4), 1, 5}, right), std::invalid_argument);
}

}  // namespace
}  // namespace sterna
