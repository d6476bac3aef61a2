// SPDX-License-Identifier: Apache-2.0
#include "kernels/ternary_matmul_impl.hpp"

namespace sterna {
namespace {

// Layout constants of packed_ternary.hpp; that header has inline code, so it stays outside (see
// ternary_matmul_impl.hpp). tests/kernels/ternary_matmul_test.cpp holds the two equal.
constexpr std::size_t kBlockBytes = 64;
constexpr std::size_t kBlockCols = 256;

std::int32_t dot(const std::uint8_t* row, const std::int8_t* x, std::size_t blocks) {
  std::int32_t sum = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    for (std::size_t c = 0; c < kBlockCols; ++c) {
      const std::uint8_t byte = row[block * kBlockBytes + c % kBlockBytes];
      const int trit = ((byte >> (2 * (c / kBlockBytes))) & 3) - 1;
      sum += trit * x[block * kBlockCols + c];
    }
  }
  return sum;
}

}  // namespace

void ternary_matmul_scalar(const TernaryMatmulArgs& args) {
  for (std::size_t r = args.row_begin; r < args.row_end; ++r) {
    for (std::size_t t = 0; t < args.tokens; ++t) {
      args.y[t * args.y_stride + r] = dot(args.packed + r * args.blocks * kBlockBytes,
                                          args.x + t * args.blocks * kBlockCols, args.blocks);
    }
  }
}

}  // namespace sterna
