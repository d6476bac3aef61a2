// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu_backend.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "kernels/panel/panel_kernels_impl.hpp"

namespace sterna {
namespace {

// Panels that no two threads share: kernels take two at a time.
constexpr std::size_t kPanelGrain = 2;

}  // namespace

CpuBackend::CpuBackend(ThreadPool& pool, std::string_view isa)
    : pool_(&pool), kernels_(&panel_kernels(isa)) {}

MatrixId CpuBackend::add_matrix(std::string_view /*name*/, const PackedTernary& weights) {
  matrices_.push_back(&weights);
  return matrices_.size() - 1;
}

void CpuBackend::check(const ActivationBatch& x, const Product& product) const {
  const PackedTernary& w = *matrices_.at(product.matrix);
  if (x.cols != w.cols() || x.values.size() != x.tokens * x.cols ||
      product.sums.size() != x.tokens * w.rows()) {
    throw std::invalid_argument("multiply: activations (" + std::to_string(x.tokens) + ", " +
                                std::to_string(x.cols) + ") of " + std::to_string(x.values.size()) +
                                " values and " + std::to_string(product.sums.size()) +
                                " sums do not fit a matrix of " + std::to_string(w.rows()) + " x " +
                                std::to_string(w.cols()));
  }
}

void CpuBackend::multiply(const ActivationBatch& x, std::span<const Product> products) {
  if (products.empty() || x.tokens == 0) return;
  for (const Product& product : products) check(x, product);
  const std::size_t blocks = matrices_[products[0].matrix]->blocks();
  x_.fill(x.values, x.tokens, x.cols, blocks * kTernaryBlockCols, *pool_);

  std::size_t panels = 0;
  for (const Product& product : products) panels += matrices_[product.matrix]->panels();
  pool_->parallel_chunks(
      panels,
      [&](std::size_t begin, std::size_t end, unsigned /*thread*/) {
        std::size_t first = 0;  // panel of the product at hand, counted over all products
        for (const Product& product : products) {
          const PackedTernary& w = *matrices_[product.matrix];
          const std::size_t from = std::max(begin, first);
          const std::size_t to = std::min(end, first + w.panels());
          if (from < to) {
            kernels_->ternary({.panels = w.bytes().data(),
                               .panel_bytes = blocks * kBlockBytes,
                               .panel_begin = from - first,
                               .panel_end = to - first,
                               .quads = blocks * 4,
                               .rows = w.rows(),
                               .x = x_.tiles(),
                               .x_sum = x_.sums(),
                               .tokens = x.tokens,
                               .y = product.sums.data(),
                               .y_stride = w.rows()});
          }
          first += w.panels();
        }
      },
      kPanelGrain);
}

}  // namespace sterna
