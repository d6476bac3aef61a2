// SPDX-License-Identifier: Apache-2.0
#include "host/replay/wave_signals.hpp"

#include <bit>
#include <iterator>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "host/report/phase_report.hpp"

namespace sterna::host {
namespace {

constexpr std::uint32_t kSumBits = 32;
constexpr std::uint32_t kStreamBits = 128;
constexpr std::uint32_t kActivationBits = 8;
// More would fill the screen: groups of further engines are closed, and sums are not shown one by one.
constexpr std::uint32_t kOpenEngines = 1;
constexpr std::uint32_t kSumsShown = 32;

// As $clog2.
std::uint32_t clog2(std::uint32_t n) { return static_cast<std::uint32_t>(std::bit_width(n - 1)); }

// As tmu_pkg::sum_width.
std::uint32_t sum_width(std::uint32_t terms) { return kActivationBits + 1 + clog2(terms); }

/// Names the signals of one scope.
class Scope {
 public:
  explicit Scope(std::string prefix) : prefix_(std::move(prefix)) {}

  [[nodiscard]] WaveSignal bit(std::string_view name) const { return {.path = path(name)}; }
  [[nodiscard]] WaveSignal mask(std::string_view name, std::uint32_t width) const {
    return {.path = path(name), .width = width};
  }
  [[nodiscard]] WaveSignal hex(std::string_view name, std::uint32_t width) const {
    return {.path = path(name), .width = width, .radix = Radix::Hex};
  }
  [[nodiscard]] WaveSignal number(std::string_view name, std::uint32_t width) const {
    return {.path = path(name), .width = width, .radix = Radix::Unsigned};
  }
  [[nodiscard]] WaveSignal integer(std::string_view name, std::uint32_t width) const {
    return {.path = path(name), .width = width, .radix = Radix::Signed};
  }
  [[nodiscard]] Scope in(std::string_view instance) const {
    return Scope(fmt::format("{}{}.", prefix_, instance));
  }

 private:
  [[nodiscard]] std::string path(std::string_view name) const {
    return prefix_ + std::string(name);
  }

  std::string prefix_;
};

/// Groups of the unit of docs/tmu.md, whose signals lie in `unit`.
class UnitGroups {
 public:
  UnitGroups(Scope unit, const sim::UnitConfig& sizes) : unit_(std::move(unit)), sizes_(sizes) {}

  std::vector<WaveGroup> all() {
    control();
    activations();
    for (std::uint32_t e = 0; e < sizes_.engines; ++e) weights(e);
    slots();
    for (std::uint32_t e = 0; e < sizes_.engines; ++e) sums(e);
    results();
    counters();
    return std::move(groups_);
  }

 private:
  void control() {
    groups_.push_back({"clock", {unit_.bit("clk_i"), unit_.bit("rst_ni")}});
    groups_.push_back({"state: idle, load, compute, drain, respond",
                       {unit_.in("u_control").number("state_q", 3)}});
    groups_.push_back(
        {"command",
         {unit_.bit("cmd_valid_i"), unit_.bit("cmd_ready_o"), unit_.number("cmd_tokens_i", 16),
          unit_.number("cmd_beats_i", 16), unit_.number("cmd_rows_i", 32), unit_.bit("cmd_t2_i"),
          unit_.bit("cmd_keep_i")}});
  }

  void activations() {
    const Scope memory = unit_.in("u_memory");
    WaveGroup group{
        "activations",
        {unit_.bit("act_valid_i"), unit_.bit("act_ready_o"), unit_.hex("act_data_i", kStreamBits),
         memory.bit("write"), memory.mask("bank", sizes_.slices),
         memory.number("addr", clog2(sizes_.activation_words)),
         memory.mask("read_i", sizes_.slices),
         memory.number("addr_i", clog2(sizes_.activation_words))}};
    groups_.push_back(std::move(group));
    WaveGroup values{"activations, the beat's values", {}, true};
    for (std::uint32_t i = 0; i < kStreamBits / kActivationBits; ++i) {
      WaveSignal value = unit_.integer("act_data_i", kStreamBits);
      value.alias = fmt::format("x{}", i);
      value.part_lsb = i * kActivationBits;
      value.part_width = kActivationBits;
      values.signals.push_back(value);
    }
    groups_.push_back(std::move(values));
  }

  void weights(std::uint32_t engine) {
    const Scope fifo = unit_.in(fmt::format("u_rows.g_engine[{}].u_weights", engine));
    const std::uint32_t bits = 8 * sizes_.beat_bytes();
    groups_.push_back(
        {fmt::format("weights of engine {}", engine),
         {fifo.bit("push_valid_i"), fifo.bit("push_ready_o"), fifo.hex("push_data_i", bits),
          fifo.number("count_q", clog2(sizes_.weight_fifo_beats + 1)), fifo.bit("pop_valid_o"),
          fifo.bit("pop_ready_i"), fifo.hex("pop_data_o", bits)},
         engine >= kOpenEngines});
  }

  void slots() {
    const Scope issue = unit_.in("u_slots.u_issue");
    const std::uint32_t chunk_bits = chunk_width();
    groups_.push_back(
        {"slots",
         {issue.bit("slot_o"), issue.bit("weight_stall_o"), issue.bit("result_stall_o"),
          issue.bit("fresh_o"), issue.bit("first_o"), issue.bit("last_o"),
          issue.number("rows_left_q", 32), issue.number("beat_q", 16),
          issue.number("chunk_q", chunk_bits),
          issue.number("addr_q", clog2(sizes_.activation_words)),
          issue.mask("engines_o", sizes_.engines), issue.mask("slices_o", sizes_.slices),
          issue.number("credits_q", clog2(sizes_.result_fifo_beats + 1))}});
  }

  void sums(std::uint32_t engine) {
    WaveGroup group{fmt::format("sums of engine {}", engine), {}, engine >= kOpenEngines};
    for (std::uint32_t s = 0; s < sizes_.slices; ++s) {
      const Scope acc = unit_.in(fmt::format("u_rows.g_engine[{}].g_slice[{}].u_acc", engine, s));
      for (WaveSignal signal :
           {acc.bit("valid_i"), acc.bit("first_i"), acc.number("chunk_i", chunk_width()),
            acc.integer("add_i", sum_width(sizes_.lanes)),
            acc.integer("sum_o", sum_width(sizes_.activation_words * sizes_.lanes))}) {
        signal.alias =
            fmt::format("slice {} {}", s, signal.path.substr(signal.path.rfind('.') + 1));
        group.signals.push_back(std::move(signal));
      }
    }
    groups_.push_back(std::move(group));
  }

  void results() {
    const std::uint32_t sums = sizes_.engines * sizes_.slices;
    WaveGroup group{"results", {unit_.bit("result_valid_o"), unit_.bit("result_ready_i")}};
    for (std::uint32_t i = 0; sums <= kSumsShown && i < sums; ++i) {
      WaveSignal sum = unit_.integer("result_data_o", sums * kSumBits);
      sum.alias = fmt::format("sum engine {} slice {}", i / sizes_.slices, i % sizes_.slices);
      sum.part_lsb = i * kSumBits;
      sum.part_width = kSumBits;
      group.signals.push_back(sum);
    }
    if (sums > kSumsShown) group.signals.push_back(unit_.hex("result_data_o", sums * kSumBits));
    groups_.push_back(std::move(group));
    groups_.push_back(
        {"response: done, illegal, aborted",
         {unit_.bit("rsp_valid_o"), unit_.bit("rsp_ready_i"), unit_.number("rsp_status_o", 2)}});
  }

  // Without activation_writes, which the unit takes from load_cycles.
  void counters() {
    WaveGroup group{"counters of the command", {}, true};
    for (std::size_t i = 0; i < named_counters().size(); ++i) {
      const NamedCounter& named = named_counters()[i];
      if (named.field == &sim::TmuCounters::activation_writes) continue;
      WaveSignal counter = unit_.in("u_counters").number(fmt::format("count_q[{}]", i), 64);
      counter.alias = named.name;
      group.signals.push_back(counter);
    }
    groups_.push_back(std::move(group));
  }

  [[nodiscard]] std::uint32_t chunk_width() const {
    return sizes_.chunks > 1 ? clog2(sizes_.chunks) : 1;
  }

  Scope unit_;
  sim::UnitConfig sizes_;
  std::vector<WaveGroup> groups_;
};

// The two channels of a read master whose pins lie in `port`.
WaveGroup read_master(const std::string& name, const Scope& port, std::uint32_t data_bits,
                      bool closed) {
  return {name,
          {port.bit("ar_valid_o"), port.bit("ar_ready_i"),
           port.hex("ar_addr_o", sim::BusConfig::kAddressBits), port.number("ar_len_o", 8),
           port.bit("r_valid_i"), port.bit("r_ready_o"), port.bit("r_last_i"),
           port.mask("r_resp_i", 2), port.hex("r_data_i", data_bits)},
          closed};
}

std::vector<WaveGroup> bus_groups(const Scope& top, const sim::UnitConfig& unit,
                                  const sim::BusConfig& bus) {
  std::vector<WaveGroup> groups;
  const Scope ring = top.in("u_ring");
  groups.push_back({"descriptor ring",
                    {ring.number("fetch_q", 32), ring.bit("working_o"), top.bit("entry_valid"),
                     top.bit("entry_ready"), top.bit("running"), top.bit("done"),
                     top.number("head_q", 32), top.bit("halted"), top.bit("irq_o")}});
  groups.push_back(read_master("AR, R: descriptors", ring, kStreamBits, false));
  const auto master = [&](std::uint32_t m) {
    return top.in(fmt::format("u_readers.g_master[{}].u_dma", m));
  };
  groups.push_back(read_master("AR, R: activations", master(unit.engines), kStreamBits, false));
  for (std::uint32_t e = 0; e < unit.engines; ++e) {
    groups.push_back(read_master(fmt::format("AR, R: weights of engine {}", e), master(e),
                                 8 * unit.beat_bytes(), e >= kOpenEngines));
  }
  groups.push_back({"AW, W, B: results, records",
                    {top.bit("aw_valid_o"), top.bit("aw_ready_i"),
                     top.hex("aw_addr_o", sim::BusConfig::kAddressBits), top.number("aw_len_o", 8),
                     top.bit("w_valid_o"), top.bit("w_ready_i"), top.bit("w_last_o"),
                     top.hex("w_strb_o", bus.word_bytes()), top.hex("w_data_o", bus.result_bits),
                     top.bit("b_valid_i"), top.bit("b_ready_o"), top.mask("b_resp_i", 2)}});
  return groups;
}

}  // namespace

std::vector<WaveGroup> wave_groups(const sim::HardwareConfig& hardware) {
  if (!hardware.bus) return UnitGroups(Scope("tmu.tmu."), hardware.unit).all();
  const Scope top("tmu_axi.tmu_axi.");
  std::vector<WaveGroup> groups = UnitGroups(top.in("u_tmu"), hardware.unit).all();
  std::vector<WaveGroup> bus = bus_groups(top, hardware.unit, *hardware.bus);
  groups.insert(groups.end(), std::make_move_iterator(bus.begin()),
                std::make_move_iterator(bus.end()));
  return groups;
}

}  // namespace sterna::host
