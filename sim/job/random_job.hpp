// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <span>
#include <vector>

#include "kernels/packing/trit.hpp"
#include "sim/job/tmu_device.hpp"

namespace sterna::sim {

/// What fills the operands of a random product.
enum class Fill : std::uint8_t { Uniform, Sparse, AllMinus, AllPlus, Zero };

/// A product before it is laid out into beats.
struct ProductShape {
  std::uint32_t tokens;
  std::uint32_t cols;  // need not fill whole beats
  std::uint32_t rows;
  WeightFormat format = WeightFormat::T5;
  bool keep_activations = false;  // of the product before; same tokens, cols and format
  Fill fill = Fill::Uniform;
  bool by_columns = false;  // one token; rows that fit unit.column_words
  std::optional<double> zeros =
      {};  // fraction of activations that are zero; without: as they are drawn
};

/// Seeded products as tasks for a device, with the sums of a plain loop: for tests, benchmarks and the record
/// of what the RTL's code does. The layout is written here once more, independent of the driver.
class RandomJob {
 public:
  RandomJob(const UnitConfig& unit, std::uint64_t seed) : unit_(unit), random_(seed) {}
  RandomJob(const RandomJob&) = delete;
  RandomJob& operator=(const RandomJob&) = delete;

  void add(const ProductShape& shape);

  /// A command with no data, for one that the unit must refuse.
  void add_illegal(const TmuCommand& command);

  /// In the order of add(); sums are cleared. Valid until the next add().
  [[nodiscard]] std::span<const TmuTask> tasks();

  /// Index of the first task whose sums differ from the plain loop; -1 if all are equal.
  [[nodiscard]] int first_wrong_task() const;

  [[nodiscard]] std::uint64_t macs() const;  // rows * cols * tokens of all products

 private:
  struct Entry {
    TmuCommand command;
    std::uint64_t macs;
    WeightStreams streams;
    std::vector<std::int8_t> activations;  // as streamed; empty when kept
    std::vector<std::int32_t> sums;
    std::vector<std::int32_t> expected;
  };

  [[nodiscard]] std::vector<Trit> random_trits(const ProductShape& shape);
  void refill_activations(const ProductShape& shape, std::uint32_t padded_cols);
  [[nodiscard]] std::int8_t random_activation(const ProductShape& shape);
  [[nodiscard]] WeightStreams lay_out_rows(std::span<const Trit> weights,
                                           const TmuCommand& command) const;
  [[nodiscard]] WeightStreams lay_out_columns(std::span<const Trit> weights,
                                              const TmuCommand& command) const;
  [[nodiscard]] std::vector<std::int32_t> plain_product(std::span<const Trit> weights,
                                                        const ProductShape& shape,
                                                        std::uint32_t padded_cols) const;

  UnitConfig unit_;
  std::mt19937_64 random_;
  std::deque<Entry> entries_;
  std::vector<std::int8_t> x_;  // (tokens, padded cols) of the product added last
  std::vector<TmuTask> tasks_;
};

}  // namespace sterna::sim
