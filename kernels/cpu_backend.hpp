// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "kernels/matmul_backend.hpp"
#include "kernels/packing/activation_tiles.hpp"
#include "kernels/panel/panel_kernels.hpp"
#include "kernels/thread_pool.hpp"

namespace sterna {

/// Runs ternary products on this CPU: the reference that every other backend is held against.
class CpuBackend : public MatmulBackend {
 public:
  /// `pool` outlives the backend. `isa` names a variant of all_panel_kernels(), or "auto".
  /// Errors  std::invalid_argument when this build or this CPU lacks it
  explicit CpuBackend(ThreadPool& pool, std::string_view isa = "auto");

  MatrixId add_matrix(std::string_view name, const PackedTernary& weights) override;
  void multiply(const ActivationBatch& x, std::span<const Product> products) override;

  [[nodiscard]] const PanelKernels& kernels() const { return *kernels_; }

 private:
  void check(const ActivationBatch& x, const Product& product) const;

  ThreadPool* pool_;
  const PanelKernels* kernels_;
  std::vector<const PackedTernary*> matrices_;
  ActivationTiles x_;  // the batch at hand
};

}  // namespace sterna
