// SPDX-License-Identifier: Apache-2.0
#include "host/checking_backend.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace sterna::host {

std::pair<std::int64_t, std::string> split_matrix_name(std::string_view name) {
  constexpr std::string_view kPrefix = "layers.";
  if (name.starts_with(kPrefix)) {
    const std::string_view rest = name.substr(kPrefix.size());
    const std::size_t dot = rest.find('.');
    std::int64_t layer = 0;
    const char* end = rest.data() + std::min(dot, rest.size());
    const auto parsed = std::from_chars(rest.data(), end, layer);
    if (dot != std::string_view::npos && parsed.ec == std::errc() && parsed.ptr == end) {
      return {layer, std::string(rest.substr(dot + 1))};
    }
  }
  return {-1, std::string(name)};
}

CheckingBackend::CheckingBackend(MatmulBackend& reference, MatmulBackend& tested)
    : reference_(reference), tested_(tested) {}

MatrixId CheckingBackend::add_matrix(std::string_view name, const PackedTernary& weights) {
  matrices_.push_back({std::string(name), weights.rows(), reference_.add_matrix(name, weights),
                       tested_.add_matrix(name, weights)});
  return matrices_.size() - 1;
}

void CheckingBackend::multiply(const ActivationBatch& x, std::span<const Product> products) {
  if (!products.empty() && products[0].matrix == 0) {
    first_token_ = next_token_;
    next_token_ += x.tokens;
  }
  std::vector<Product> tested;
  std::vector<Product> reference;
  expected_.resize(std::max(expected_.size(), products.size()));
  for (std::size_t i = 0; i < products.size(); ++i) {
    const Matrix& matrix = matrices_.at(products[i].matrix);
    expected_[i].resize(products[i].sums.size());
    tested.push_back({matrix.tested, products[i].sums});
    reference.push_back({matrix.reference, expected_[i]});
  }
  tested_.multiply(x, tested);
  const auto start = std::chrono::steady_clock::now();
  reference_.multiply(x, reference);
  reference_s_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (std::size_t i = 0; i < products.size(); ++i) {
    compare(matrices_[products[i].matrix], expected_[i], products[i].sums);
  }
}

std::optional<Difference> find_difference(std::string_view name, std::size_t rows,
                                          std::span<const std::int32_t> expected,
                                          std::span<const std::int32_t> got) {
  const auto [e, g] = std::mismatch(expected.begin(), expected.end(), got.begin());
  if (e == expected.end()) return std::nullopt;
  const auto index = static_cast<std::size_t>(e - expected.begin());
  auto [layer, projection] = split_matrix_name(name);
  return Difference{layer, std::move(projection), index / rows, index % rows, *e, *g};
}

void CheckingBackend::compare(const Matrix& matrix, std::span<const std::int32_t> expected,
                              std::span<const std::int32_t> got) {
  compared_sums_ += got.size();
  if (difference_) return;
  difference_ = find_difference(matrix.name, matrix.rows, expected, got);
  if (difference_) difference_->token += first_token_;
}

}  // namespace sterna::host
