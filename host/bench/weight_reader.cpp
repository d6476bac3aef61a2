// SPDX-License-Identifier: Apache-2.0
#include "host/bench/weight_reader.hpp"

#include <atomic>
#include <variant>

#include "host/bench/stopwatch.hpp"
#include "kernels/limits/machine_limits.hpp"

namespace sterna::host {
namespace {

using Bytes = std::span<const std::uint8_t>;

/// What a product with the head streams from memory; empty where it is not known.
struct Streamed {
  Bytes operator()(const ScaledInt8& head) const { return head.codes.bytes(); }
  Bytes operator()(const PlanedInt8& head) const { return head.codes.upper(); }
  Bytes operator()(const RowsInPlace& /*head*/) const { return {}; }
  template <typename Float>
  Bytes operator()(const Elements<Float>& rows) const {
    return {reinterpret_cast<const std::uint8_t*>(rows.data()), rows.span().size_bytes()};
  }
};

}  // namespace

WeightReader::WeightReader(const ModelWeights& model, ThreadPool& pool) : pool_(pool) {
  for (const LayerWeights& layer : model.layers) {
    for (const TernaryLinear* linear :
         {&layer.q, &layer.k, &layer.v, &layer.o, &layer.gate, &layer.up, &layer.down}) {
      add(linear->trits.bytes());
    }
  }
  add(std::visit(Streamed{}, model.head().values));
}

void WeightReader::add(Bytes bytes) {
  constexpr std::size_t kLine = 64;  // the alignment that LimitProbe::read takes
  const std::size_t skipped = -reinterpret_cast<std::uintptr_t>(bytes.data()) % kLine;
  if (bytes.size() < skipped + kReadGrain) return;
  const std::size_t whole = (bytes.size() - skipped) / kReadGrain * kReadGrain;
  matrices_.push_back(bytes.subspan(skipped, whole));
  bytes_ += whole;
}

std::uint64_t WeightReader::read() const {
  const LimitProbe& probe = fastest_reader();
  std::atomic<std::uint64_t> all = 0;
  pool_.parallel_for(pool_.threads(), [&](std::size_t begin, std::size_t end) {
    std::uint64_t bits = 0;
    for (const Bytes matrix : matrices_) {
      const std::size_t grains = matrix.size() / kReadGrain;
      const std::size_t from = grains * begin / pool_.threads() * kReadGrain;
      const std::size_t to = grains * end / pool_.threads() * kReadGrain;
      bits ^= probe.read(matrix.data() + from, to - from, 0);
    }
    all ^= bits;
  });
  return all;
}

double WeightReader::seconds() const {
  [[maybe_unused]] static volatile std::uint64_t sink;  // keeps the reads alive
  return seconds_of([&] { sink = read(); });
}

}  // namespace sterna::host
