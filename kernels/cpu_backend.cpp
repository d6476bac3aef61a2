// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu_backend.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <string>

#include "kernels/ternary_matmul_impl.hpp"

namespace sterna {
namespace {

// Rows that no two threads share: a multiple of every kernel's tile, and 64 bytes of int32 sums.
constexpr std::size_t kRowGrain = 16;

}  // namespace

CpuBackend::CpuBackend(ThreadPool& pool, std::string_view isa)
    : pool_(&pool), impl_(&ternary_matmul_impl(isa)) {}

MatrixId CpuBackend::add_matrix(std::string_view /*name*/, const PackedTernary& weights) {
  matrices_.push_back(weights);
  return matrices_.size() - 1;
}

void CpuBackend::check(const ActivationBatch& x, const Product& product) const {
  const PackedTernary& w = matrices_.at(product.matrix);
  if (x.cols != w.cols() || x.values.size() != x.tokens * x.cols ||
      product.sums.size() != x.tokens * w.rows()) {
    throw std::invalid_argument("multiply: activations (" + std::to_string(x.tokens) + ", " +
                                std::to_string(x.cols) + ") of " + std::to_string(x.values.size()) +
                                " values and " + std::to_string(product.sums.size()) +
                                " sums do not fit a matrix of " + std::to_string(w.rows()) + " x " +
                                std::to_string(w.cols()));
  }
}

// Copies the batch into rows of whole blocks and sums each token, once for all matrices.
void CpuBackend::stage(const ActivationBatch& x, std::size_t padded_cols) {
  x_.resize(x.tokens * padded_cols);
  x_sum_.resize(x.tokens);
  for (std::size_t t = 0; t < x.tokens; ++t) {
    const auto token = x.values.subspan(t * x.cols, x.cols);
    const auto out = std::span(x_).subspan(t * padded_cols, padded_cols);
    std::fill(std::copy(token.begin(), token.end(), out.begin()), out.end(), std::int8_t{0});
    x_sum_[t] = std::accumulate(token.begin(), token.end(), std::int32_t{0});
  }
}

void CpuBackend::multiply(const ActivationBatch& x, std::span<const Product> products) {
  if (products.empty() || x.tokens == 0) return;
  for (const Product& product : products) check(x, product);
  const std::size_t blocks = matrices_[products[0].matrix].row_bytes() / PackedTernary::kBlockBytes;
  stage(x, blocks * PackedTernary::kBlockCols);

  for (const Product& product : products) {
    const PackedTernary& w = matrices_[product.matrix];
    pool_->parallel_for(
        w.rows(),
        [&](std::size_t begin, std::size_t end) {
          impl_->run({.packed = w.bytes().data(),
                      .row_begin = begin,
                      .row_end = end,
                      .blocks = blocks,
                      .x = x_.data(),
                      .x_sum = x_sum_.data(),
                      .tokens = x.tokens,
                      .y = product.sums.data(),
                      .y_stride = w.rows()});
        },
        kRowGrain);
  }
}

}  // namespace sterna
