// SPDX-License-Identifier: Apache-2.0
#include "host/bench/report.hpp"

#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/bench/process.hpp"

namespace sterna::host {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kGiga = 1e9;
constexpr double kMib = 1024.0 * 1024.0;

/// 2048 where most of the memory is on huge pages.
int page_kib(double huge_page_share) { return huge_page_share > 0.5 ? 2048 : 4; }

Json machine_json(const BenchLimits& limits) {
  return {{"cpu", cpu_name()},
          {"dram_gb_s", limits.all.dram_bytes_s / kGiga},
          {"dram_gb_s_1t", limits.one.dram_bytes_s / kGiga},
          {"dram_page_kib", page_kib(limits.all.dram_huge_page_share)},
          {"l3_gb_s", limits.all.l3_bytes_s / kGiga},
          {"l3_gb_s_1t", limits.one.l3_bytes_s / kGiga},
          {"l2_gb_s", limits.all.l2_bytes_s / kGiga},
          {"l2_gb_s_1t", limits.one.l2_bytes_s / kGiga},
          {"int8_gmac_s", limits.all.macs_s / kGiga},
          {"int8_gmac_s_1t", limits.one.macs_s / kGiga}};
}

Json bytes_json(const TokenTraffic& traffic) {
  return {{"ternary", traffic.ternary}, {"head", traffic.head}, {"kv", traffic.kv}};
}

Json reading_gb_s(const DecodeSpeed& speed) {
  return speed.reading ? Json(speed.reading->bytes_s / kGiga) : Json(nullptr);
}

Json fraction_of_reading(const DecodeSpeed& speed) {
  return speed.reading ? Json(speed.reading->share) : Json(nullptr);
}

/// Range  measured on one thread too
double speed_up(const DecodeBench& decode) {
  return decode.speed.tokens_per_s.median / decode.one_thread->tokens_per_s.median;
}

Json decode_json(const DecodeBench& decode) {
  Json json = {
      {"tokens", decode.tokens},
      {"tokens_per_s", decode.speed.tokens_per_s.median},
      {"tokens_per_s_quartiles", {decode.speed.tokens_per_s.low, decode.speed.tokens_per_s.high}},
      {"bytes_per_token", decode.traffic.total()},
      {"bytes_per_token_parts", bytes_json(decode.traffic)},
      {"macs_per_token", decode.macs_per_token},
      {"fraction_of_limit", decode.fraction_of_limit},
      {"reading_gb_s", reading_gb_s(decode.speed)},
      {"fraction_of_reading", fraction_of_reading(decode.speed)},
      {"tokens_per_s_1t", nullptr},
      {"speedup_over_1t", nullptr},
      {"reading_gb_s_1t", nullptr},
      {"fraction_of_reading_1t", nullptr},
      {"head_candidates", nullptr},
      {"head_rescored_share", nullptr}};
  if (decode.screen) {
    json["head_candidates"] = decode.screen->candidates;
    json["head_rescored_share"] = decode.screen->rescored_share;
  }
  if (decode.one_thread) {
    json["tokens_per_s_1t"] = decode.one_thread->tokens_per_s.median;
    json["speedup_over_1t"] = speed_up(decode);
    json["reading_gb_s_1t"] = reading_gb_s(*decode.one_thread);
    json["fraction_of_reading_1t"] = fraction_of_reading(*decode.one_thread);
  }
  return json;
}

Json prefill_json(const PrefillBench& prefill) {
  return {{"tokens", prefill.tokens},
          {"tokens_per_s", prefill.tokens_per_s.median},
          {"spread", {prefill.tokens_per_s.low, prefill.tokens_per_s.high}},
          {"macs_per_token", prefill.macs_per_token},
          {"fraction_of_limit", prefill.fraction_of_limit}};
}

/// Share of the speed from an empty cache that is left at the end of a context.
double share_of_speed(const DecodeBench& context, const DecodeBench& empty) {
  return context.speed.tokens_per_s.median / empty.speed.tokens_per_s.median;
}

/// The same, had memory given as much both times; nothing where that was not read.
std::optional<double> share_at_equal_reads(const DecodeBench& context, const DecodeBench& empty) {
  if (!context.speed.reading || !empty.speed.reading) return std::nullopt;
  return context.speed.reading->share / context.traffic.total() /
         (empty.speed.reading->share / empty.traffic.total());
}

Json context_json(const DecodeBench& context, const BenchReport& report) {
  const DecodeBench& empty = *report.result.decode;
  const std::optional<double> at_equal_reads = share_at_equal_reads(context, empty);
  return {
      {"tokens", report.plan.context_tokens},
      {"tokens_per_s", context.speed.tokens_per_s.median},
      {"tokens_per_s_quartiles", {context.speed.tokens_per_s.low, context.speed.tokens_per_s.high}},
      {"bytes_per_token", context.traffic.total()},
      {"fraction_of_limit", context.fraction_of_limit},
      {"reading_gb_s", reading_gb_s(context.speed)},
      {"fraction_of_reading", fraction_of_reading(context.speed)},
      {"fraction_of_speed_at_0", share_of_speed(context, empty)},
      {"fraction_of_speed_at_0_at_equal_reading",
       at_equal_reads ? Json(*at_equal_reads) : Json(nullptr)}};
}

Json evidence() {
  return {
      {"machine",
       "measured: best of several passes before and after the model's work, in a process of "
       "their own; dram_gb_s also the median of decode.reading_gb_s' reads, if higher"},
      {"decode.tokens_per_s", "measured: median and quartiles of the times of single tokens"},
      {"decode.bytes_per_token",
       "counted: packed ternary weights, output head, keys and values of the mean context"},
      {"decode.macs_per_token", "counted: ternary matrices and output head; attention not counted"},
      {"decode.fraction_of_limit", "measured: tokens_per_s * bytes_per_token / machine.dram_gb_s"},
      {"decode.reading_gb_s",
       "measured: median of reads of the same weights by the same threads, before and after every "
       "token"},
      {"decode.fraction_of_reading",
       "measured: median of the tokens; time that their bytes take at the rate of the reads just "
       "before and after, over their own"},
      {"decode.speedup_over_1t", "measured"},
      {"decode.head_candidates", "counted: most likely tokens that a head of form int6 finds"},
      {"decode.head_rescored_share",
       "measured: rows of such a head of which all eight bits were read; bytes_per_token has them"},
      {"prefill.tokens_per_s", "measured: median, slowest and fastest pass"},
      {"prefill.macs_per_token",
       "counted: ternary matrices of all layers; attention and head not counted"},
      {"prefill.fraction_of_limit",
       "measured: tokens_per_s * macs_per_token / machine.int8_gmac_s"},
      {"context",
       "measured: the last tokens of the context; fraction of decode.tokens_per_s, and of what "
       "that would be at the rate of the reads around these tokens"},
      {"peak_rss_mib",
       "measured: VmHWM when the work on all threads was done; the memory that the "
       "limits read is not in it"},
      {"page_kib", "measured: 2048 where most of the anonymous memory is on 2 MiB pages"},
      {"load_s", "measured: wall clock"},
      {"foreign_cpu_share",
       "measured: processor time of the machine that others used, steal "
       "included, while decode and prefill ran"}};
}

/// Two columns behind a label.
std::string row(std::string_view label, std::string_view first, std::string_view second = "") {
  return fmt::format("  {:34}{:>22}{:>14}\n", label, first, second);
}

std::string rate_text(const TokenRate& rate) {
  return fmt::format("{:.2f} ({:.2f}-{:.2f})", rate.median, rate.low, rate.high);
}

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

std::string limits_table(const BenchReport& report) {
  const BenchLimits& limits = report.result.limits;
  const auto line = [&](std::string_view label, double MachineLimits::*rate) {
    return row(label, fmt::format("{:.1f}", limits.all.*rate / kGiga),
               fmt::format("{:.1f}", limits.one.*rate / kGiga));
  };
  const unsigned threads = report.plan.threads;
  return row("limits of this run", fmt::format("{} thread{}", threads, threads == 1 ? "" : "s"),
             "1 thread") +
         line(fmt::format("DRAM read, {} KiB pages, GB/s",
                          page_kib(limits.all.dram_huge_page_share)),
              &MachineLimits::dram_bytes_s) +
         line("L3 read, GB/s", &MachineLimits::l3_bytes_s) +
         line("L2 read, GB/s", &MachineLimits::l2_bytes_s) +
         line(fmt::format("{}, GMAC/s", limit_probe(report.isa).multiply_add),
              &MachineLimits::macs_s);
}

std::string decode_table(const DecodeBench& decode, std::string_view title) {
  const auto of_both = [&](std::string_view label, const auto& text) {
    return row(label, text(decode.speed), decode.one_thread ? text(*decode.one_thread) : "");
  };
  std::string out =
      row(title, "") +
      row("tokens/s (quartiles)", rate_text(decode.speed.tokens_per_s),
          decode.one_thread ? fmt::format("{:.2f}", decode.one_thread->tokens_per_s.median) : "");
  if (decode.one_thread) {
    out += row("speed-up over 1 thread", fmt::format("{:.2f}", speed_up(decode)));
  }
  if (decode.screen) {
    out += row(fmt::format("head rows read in full for top {}", decode.screen->candidates),
               fmt::format("{:.2f} %", 100 * decode.screen->rescored_share));
  }
  out += row("MB a token (ternary + head + KV)",
             fmt::format("{:.0f} ({:.0f}+{:.0f}+{:.1f})", decode.traffic.total() / 1e6,
                         decode.traffic.ternary / 1e6, decode.traffic.head / 1e6,
                         decode.traffic.kv / 1e6)) +
         row("of the DRAM limit", percent(decode.fraction_of_limit));
  if (!decode.speed.reading) return out;
  return out +
         of_both("reads in between, GB/s",
                 [](const DecodeSpeed& speed) {
                   return fmt::format("{:.1f}", speed.reading->bytes_s / kGiga);
                 }) +
         of_both("of these reads",
                 [](const DecodeSpeed& speed) { return percent(speed.reading->share); });
}

std::string context_table(const BenchReport& report) {
  const DecodeBench& context = *report.result.at_context;
  const DecodeBench& empty = *report.result.decode;
  std::string out = decode_table(
      context, fmt::format("decode at {} tokens of context", report.plan.context_tokens));
  out += row("of the speed at 0", percent(share_of_speed(context, empty)));
  const std::optional<double> at_equal_reads = share_at_equal_reads(context, empty);
  if (at_equal_reads) out += row("of it, had memory read as fast", percent(*at_equal_reads));
  return out;
}

std::string prefill_table(const PrefillBench& prefill) {
  return row(fmt::format("prefill of {} tokens", prefill.tokens), "") +
         row("tokens/s (slowest-fastest)", rate_text(prefill.tokens_per_s)) +
         row("ternary GMAC a token", fmt::format("{:.3f}", prefill.macs_per_token / kGiga)) +
         row("of the multiply-add limit", percent(prefill.fraction_of_limit));
}

std::string process_table(const BenchReport& report) {
  const BenchResult& result = report.result;
  return row("process", "") +
         row("peak memory, MiB",
             fmt::format("{:.0f}", static_cast<double>(result.peak_rss_bytes) / kMib)) +
         row("on 2 MiB pages", percent(result.huge_page_share)) +
         row("loaded in, s", fmt::format("{:.2f}", report.load_s)) +
         row("processor used by others", percent(result.foreign_cpu_share));
}

}  // namespace

std::string to_json_text(const BenchReport& report) {
  const BenchResult& result = report.result;
  Json json = {{"schema", "sterna-bench-1"},
               {"model", report.model},
               {"isa", report.isa},
               {"threads", report.plan.threads},
               {"head", report.head},
               {"kv", name_of(report.plan.kv)},
               {"machine", machine_json(result.limits)},
               {"decode", nullptr},
               {"prefill", nullptr},
               {"context", nullptr},
               {"peak_rss_mib", static_cast<double>(result.peak_rss_bytes) / kMib},
               {"page_kib", page_kib(result.huge_page_share)},
               {"huge_page_share", result.huge_page_share},
               {"load_s", report.load_s},
               {"foreign_cpu_share", result.foreign_cpu_share},
               {"checked_sums", result.compared_sums}};
  json["machine"]["multiply_add"] = limit_probe(report.isa).multiply_add;
  if (result.decode) json["decode"] = decode_json(*result.decode);
  if (result.prefill) json["prefill"] = prefill_json(*result.prefill);
  if (result.at_context) json["context"] = context_json(*result.at_context, report);
  json["evidence"] = evidence();
  return json.dump(2);
}

std::string to_table(const BenchReport& report) {
  const BenchResult& result = report.result;
  std::string out = fmt::format("{} on {}, kernel {}; {} sums compared with plain loops first\n\n",
                                report.model, cpu_name(), report.isa, result.compared_sums);
  out += limits_table(report) + "\n";
  if (result.decode) {
    out += decode_table(*result.decode, fmt::format("decode of {} tokens from an empty cache",
                                                    result.decode->tokens)) +
           "\n";
  }
  if (result.prefill) out += prefill_table(*result.prefill) + "\n";
  if (result.at_context) out += context_table(report) + "\n";
  return out + process_table(report);
}

}  // namespace sterna::host
