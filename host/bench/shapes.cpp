// SPDX-License-Identifier: Apache-2.0
#include "host/bench/shapes.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace sterna::host {
namespace {

constexpr double kGiga = 1e9;
constexpr double kGib = 1024.0 * 1024.0 * 1024.0;
constexpr std::string_view kEvidence = "model: limits of this run";

std::string_view bound_name(bool by_memory) { return by_memory ? "DRAM" : "multiply-add"; }

}  // namespace

ShapeBound bound_shape(const NamedShape& shape, const MachineLimits& limits, double machine_bytes) {
  const ModelConfig& config = shape.config;
  const TokenTraffic traffic = token_traffic(config, KvFormat::Int8, 0.0);
  const auto ternary_macs = static_cast<double>(config.ternary_weights());
  const double head_macs = double{1} * config.vocab * config.hidden;

  const double decode_read_s = traffic.total() / limits.dram_bytes_s;
  const double decode_multiply_s = (ternary_macs + head_macs) / limits.macs_s;
  // A batch reads the ternary weights once. The head serves the last token of a prompt only.
  const double prefill_read_s =
      traffic.ternary / static_cast<double>(TransformerLimits::kBatchTokens) / limits.dram_bytes_s;
  const double prefill_multiply_s = ternary_macs / limits.macs_s;

  const std::size_t context = std::min<std::size_t>(config.max_tokens, ShapeBound::kMostContext);
  const double memory_bytes = needed_bytes(config, KvFormat::Int8, context);
  return {.name = shape.name,
          .traffic = traffic,
          .decode_tokens_s = 1 / std::max(decode_read_s, decode_multiply_s),
          .decode_by_memory = decode_read_s > decode_multiply_s,
          .prefill_tokens_s = 1 / std::max(prefill_read_s, prefill_multiply_s),
          .prefill_by_memory = prefill_read_s > prefill_multiply_s,
          .memory_bytes = memory_bytes,
          .fits = memory_bytes <= machine_bytes};
}

std::vector<ShapeBound> bound_shapes(const MachineLimits& limits) {
  const double machine_bytes =
      static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  std::vector<ShapeBound> bounds;
  for (const NamedShape& shape : named_shapes()) {
    bounds.push_back(bound_shape(shape, limits, machine_bytes));
  }
  return bounds;
}

std::string to_table(std::span<const ShapeBound> shapes, const MachineLimits& limits) {
  std::string out = fmt::format(
      "Bounds by {:.1f} GB/s and {:.0f} GMAC/s ({} threads); {}.\n\n"
      "| shape | MB a token | decode, tokens/s | bound by | prefill, tokens/s | bound by | memory, "
      "GiB | fits |\n"
      "|---|---|---|---|---|---|---|---|\n",
      limits.dram_bytes_s / kGiga, limits.macs_s / kGiga, limits.threads, kEvidence);
  for (const ShapeBound& shape : shapes) {
    out += fmt::format("| {} | {:.4g} | {:.4g} | {} | {:.4g} | {} | {:.3g} | {} |\n", shape.name,
                       shape.traffic.total() / 1e6, shape.decode_tokens_s,
                       bound_name(shape.decode_by_memory), shape.prefill_tokens_s,
                       bound_name(shape.prefill_by_memory), shape.memory_bytes / kGib,
                       shape.fits ? "yes" : "no");
  }
  return out;
}

std::string to_json_text(std::span<const ShapeBound> shapes, const MachineLimits& limits) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (const ShapeBound& shape : shapes) {
    list.push_back({{"model", shape.name},
                    {"bytes_per_token", shape.traffic.total()},
                    {"decode_tokens_per_s", shape.decode_tokens_s},
                    {"decode_bound_by", bound_name(shape.decode_by_memory)},
                    {"prefill_tokens_per_s", shape.prefill_tokens_s},
                    {"prefill_bound_by", bound_name(shape.prefill_by_memory)},
                    {"memory_gib", shape.memory_bytes / kGib},
                    {"fits", shape.fits}});
  }
  const Json json = {
      {"schema", "sterna-bench-shapes-1"},
      {"threads", limits.threads},
      {"machine",
       {{"dram_gb_s", limits.dram_bytes_s / kGiga}, {"int8_gmac_s", limits.macs_s / kGiga}}},
      {"shapes", list},
      {"evidence", kEvidence}};
  return json.dump(2);
}

}  // namespace sterna::host
