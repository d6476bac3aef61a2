// SPDX-License-Identifier: Apache-2.0

// Functional coverage of the unit: random and directed runs, each checked, must reach every situation
// that is declared here. The report goes to situations_unit.txt in STERNA_COVERAGE_REPORT (a folder) if that
// is set; STERNA_SEED is the first of the random seeds (1 unless set).

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/rtl/rtl_unit.hpp"
#include "tests/rtl/command.hpp"
#include "tests/rtl/coverage.hpp"
#include "tests/rtl/session.hpp"
#include "tests/sim/designs.hpp"

namespace sterna {
namespace {

constexpr std::uint8_t kIllegal = 1;
constexpr std::uint8_t kAborted = 2;
constexpr std::uint32_t kSeedsADesign = 40;

const std::vector<std::string> kFormats = {"t5", "t2"};
const std::vector<std::string> kKeeps = {"loads", "keeps"};
const std::vector<std::string> kStalls = {"weights", "results", "responses", "nothing"};

std::string format_name(bool t2) { return kFormats[t2]; }
std::string keep_name(bool keep) { return kKeeps[keep]; }

Coverage declared() {
  Coverage coverage;
  coverage.declare("last group and chunk",
                   {kFormats, {"full group", "ragged group"}, {"full chunk", "ragged chunk"}});
  coverage.declare(
      "counts",
      {kFormats, {"one chunk", "chunks"}, {"one beat", "beats"}, {"one group", "groups"}});
  coverage.declare("words", {kFormats, {"full", "ragged"}, {"1 slice", "2 slices", "3 slices"}});
  coverage.declare("engines used", {{"1", "2", "3", "4"}});
  coverage.declare("waits for", {kFormats, kKeeps, kStalls});
  coverage.declare("waits for activations", {kFormats, {"yes", "no"}});
  coverage.declare("abort", {kFormats, {"loads"}, {"idle", "load", "compute", "drain", "respond"}});
  coverage.declare("abort", {kFormats, {"keeps"}, {"compute", "drain", "respond"}});
  coverage.declare("illegal", {{"no tokens", "no beats", "no rows", "too many tokens",
                                "too many words", "keeps none", "keeps other tokens",
                                "keeps other beats", "keeps other format", "keeps after abort"}});
  return coverage;
}

std::uint32_t first_seed() {
  const char* text = std::getenv("STERNA_SEED");
  return text == nullptr ? 1 : static_cast<std::uint32_t>(std::stoul(text));
}

/// Runs on one design; every hit follows the check of what it counts.
class CoveredUnit {
 public:
  CoveredUnit(const sim::UnitConfig& design, Coverage& coverage)
      : coverage_(coverage), unit_(sim::open_rtl_unit(design)), sizes_(unit_->parameters()) {}

  // A command that loads and one that keeps its activations, under random traffic.
  void random_pair(std::uint32_t seed) {
    SCOPED_TRACE("replay with STERNA_SEED=" + std::to_string(seed));
    pair(random_shape(sizes_, seed), seed);
  }

  // The smallest commands with one and with several of everything.
  void small_pairs() {
    for (const bool t2 : {false, true}) {
      for (const std::uint32_t tokens : {1U, std::min(sizes_.chunks, 2U) * sizes_.slices}) {
        for (const std::uint32_t beats : {1U, 2U}) {
          for (const std::uint32_t rows : {1U, sizes_.engines + 1}) {
            pair({tokens, beats, rows, t2}, tokens + beats + rows);
          }
        }
      }
    }
  }

  // `shape` loading its activations, then keeping them, under traffic drawn from `seed`.
  void pair(const CommandShape& shape, std::uint32_t seed) {
    CommandShape kept = shape;
    kept.keep = true;
    kept.rows = random_shape(sizes_, seed + 7).rows;
    const std::size_t k_size = shape.beats * trits_per_beat(sizes_, shape.t2);
    const std::size_t used = k_size - (seed % 2 == 0 ? 0 : 1 + seed % 63);
    const auto byte_of = [&](std::size_t r, std::size_t i) {
      return static_cast<std::uint8_t>((r * 89 + i * 57 + seed) % (shape.t2 ? 256 : 243));
    };
    const auto activation_of = [&](std::size_t t, std::size_t k) {
      return static_cast<std::int8_t>(k < used ? (t * 31 + k * 101 + seed) % 256 : 0);
    };
    const std::vector<Command> commands = {make_command(sizes_, shape, byte_of, activation_of),
                                           make_command(sizes_, kept, byte_of, activation_of)};
    const Traffic traffic = {
        .seed = seed, .gap_percent = 45 * (seed % 3), .stall_percent = 45 * (seed / 3 % 3)};
    Session session(*unit_, traffic);
    const std::vector<Observed> seen = session.run(commands);
    ASSERT_EQ(seen.size(), commands.size());
    for (std::size_t i = 0; i < seen.size(); ++i) {
      ASSERT_EQ(seen[i].status, 0);
      ASSERT_EQ(seen[i].sums, commands[i].expected);
      count(commands[i], seen[i]);
    }
    coverage_.hit("words", {format_name(shape.t2), used == k_size ? "full" : "ragged", slices()});
  }

  // Each rule of docs/tmu.md broken alone; what is held stays usable.
  void illegal_commands() {
    const std::uint32_t most = sizes_.slices * sizes_.chunks;
    const std::uint32_t tokens = std::min(2U, most);
    const Command good = random_command(sizes_, {tokens, 1, 1}, 3);
    Command kept = good;
    kept.keep = true;
    refuse("keeps none", {tokens, 1, 1, false, true}, {});
    refuse("no tokens", {0, 1, 1}, {good, kept});
    refuse("no beats", {tokens, 0, 1}, {good, kept});
    refuse("no rows", {tokens, 1, 0}, {good, kept});
    refuse("too many tokens", {most + 1, 1, 1}, {good, kept});
    refuse("too many words", {1, sizes_.activation_words + 1, 1}, {good, kept});
    if (most > 2) refuse("keeps other tokens", {tokens + 1, 1, 1, false, true}, {good, kept});
    refuse("keeps other beats", {tokens, 2, 1, false, true}, {good, kept});
    refuse("keeps other format", {tokens, 1, 1, true, true}, {good, kept});
  }

  // An abort in each state of a command; a command that keeps is refused after it.
  void aborts(bool t2, bool keep) {
    const std::vector<std::string> states =
        keep ? std::vector<std::string>{"compute", "drain", "respond"}
             : std::vector<std::string>{"idle", "load", "compute", "drain", "respond"};
    const Command command = random_command(
        sizes_, {std::min(2U, sizes_.slices * sizes_.chunks), 2, 2 * sizes_.engines, t2}, 5);
    for (const std::string& state : states) {
      SCOPED_TRACE("abort in " + state);
      unit_->reset();
      if (keep) run_until("respond", command, false);
      if (keep) respond(0);
      run_until(state, command, keep);
      ASSERT_EQ(state_name(command), state);
      unit_->in = {};
      unit_->in.abort = true;
      unit_->step();
      unit_->in.abort = false;
      if (state != "idle") respond(state == "respond" ? 0 : kAborted);
      offer(command, true);
      unit_->step();
      respond(kIllegal);
      ASSERT_EQ(unit_->errors(), 0U) << unit_->first_error();
      coverage_.hit("abort", {format_name(t2), keep_name(keep), state});
      coverage_.hit("illegal", {"keeps after abort"});
    }
  }

 private:
  [[nodiscard]] std::string slices() const {
    return std::to_string(sizes_.slices) + (sizes_.slices == 1 ? " slice" : " slices");
  }

  void count(const Command& command, const Observed& seen) {
    const std::string format = format_name(command.t2);
    const auto& c = seen.counters;
    const std::uint32_t rest = command.rows % sizes_.engines;
    const std::uint32_t chunks = (command.tokens - 1) / sizes_.slices + 1;
    coverage_.hit("last group and chunk",
                  {format, rest == 0 ? "full group" : "ragged group",
                   command.tokens % sizes_.slices == 0 ? "full chunk" : "ragged chunk"});
    coverage_.hit("counts", {format, chunks == 1 ? "one chunk" : "chunks",
                             command.beats == 1 ? "one beat" : "beats",
                             command.rows <= sizes_.engines ? "one group" : "groups"});
    coverage_.hit("engines used", {std::to_string(rest == 0 ? sizes_.engines : rest)});
    const std::string keep = keep_name(command.keep);
    if (c[3] > 0) coverage_.hit("waits for", {format, keep, "weights"});
    if (c[4] > 0) coverage_.hit("waits for", {format, keep, "results"});
    if (c[6] > 1) coverage_.hit("waits for", {format, keep, "responses"});
    if (c[3] + c[4] == 0 && c[6] == 1) coverage_.hit("waits for", {format, keep, "nothing"});
    if (!command.keep) {
      coverage_.hit("waits for activations", {format, c[1] > 0 ? "yes" : "no"});
    }
  }

  // `shape` between good commands: refused in the cycle after its handshake, and nothing else changes.
  void refuse(const std::string& reason, const CommandShape& shape,
              const std::vector<Command>& around) {
    SCOPED_TRACE(reason);
    Command bad{shape.tokens, shape.beats, shape.rows, shape.t2, shape.keep, {}, {}, {}};
    bad.weights.resize(sizes_.engines);
    std::vector<Command> commands = around;
    commands.insert(commands.begin() + (around.empty() ? 0 : 1), bad);
    Session session(*unit_, {});
    const std::vector<Observed> seen = session.run(commands);
    ASSERT_EQ(seen.size(), commands.size());
    for (std::size_t i = 0; i < seen.size(); ++i) {
      const bool is_bad = i == (around.empty() ? 0U : 1U);
      ASSERT_EQ(seen[i].status, is_bad ? kIllegal : 0);
      ASSERT_EQ(seen[i].sums, commands[i].expected);
      if (is_bad) {
        ASSERT_EQ(seen[i].respond, seen[i].accept + 1);
      }
    }
    coverage_.hit("illegal", {reason});
  }

  [[nodiscard]] std::string state_name(const Command& command) {
    if (unit_->out.cmd_ready) return "idle";
    if (unit_->out.act_ready) return "load";
    if (unit_->out.rsp_valid) return "respond";
    const std::uint64_t chunks = (command.tokens - 1) / sizes_.slices + 1;
    const std::uint64_t groups = (command.rows - 1) / sizes_.engines + 1;
    return unit_->counter(2) < groups * chunks * command.beats ? "compute" : "drain";
  }

  void offer(const Command& command, bool keep) {
    auto& in = unit_->in;  // weights on offer stay on offer
    in.cmd_valid = true;
    in.cmd_tokens = static_cast<std::uint16_t>(command.tokens);
    in.cmd_beats = static_cast<std::uint16_t>(command.beats);
    in.cmd_rows = command.rows;
    in.cmd_t2 = command.t2;
    in.cmd_keep = keep;
  }

  // Any weights and activations will do: sums are not looked at. Every stream is always ready.
  void run_until(const std::string& state, const Command& command, bool keep) {
    if (state == "idle") return;
    offer(command, keep);
    unit_->step();
    for (int i = 0; i < 1000 && state_name(command) != state; ++i) {
      auto& in = unit_->in;
      in.cmd_valid = false;
      in.act_valid = unit_->out.act_ready;  // more than the command needs would stay on offer
      in.result_ready = true;
      in.act_data = beat_.data();
      in.weight_valid = (1U << sizes_.engines) - 1;
      for (std::size_t e = 0; e < sizes_.engines; ++e) in.weight_data[e] = beat_.data();
      unit_->step();
    }
  }

  void respond(std::uint8_t status) {
    ASSERT_TRUE(unit_->out.rsp_valid);
    ASSERT_EQ(unit_->out.rsp_status, status);
    auto& in = unit_->in;
    in.cmd_valid = in.act_valid = false;
    in.rsp_ready = true;
    unit_->step();
    in.rsp_ready = false;
  }

  Coverage& coverage_;
  std::unique_ptr<TmuUnit> unit_;
  const TmuUnitParameters& sizes_;
  std::vector<std::uint8_t> beat_ = std::vector<std::uint8_t>(sizes_.lanes / 5, 121);
};

TEST(TmuCoverage, ReachesEverySituationThatIsDeclared) {
  Coverage coverage = declared();
  for (const sim::UnitConfig& design : sim::kDesigns) {
    SCOPED_TRACE(testing::PrintToString(design));
    CoveredUnit unit(design, coverage);
    for (std::uint32_t i = 0; i < kSeedsADesign; ++i) unit.random_pair(first_seed() + i);
    unit.small_pairs();
    unit.illegal_commands();
    for (const bool t2 : {false, true}) {
      for (const bool keep : {false, true}) unit.aborts(t2, keep);
    }
    if (HasFailure()) return;
  }
  coverage.report("situations_unit.txt");
  EXPECT_THAT(coverage.missed(), testing::IsEmpty());
}

TEST(TmuCoverage, NamesTheBinsThatNothingHit) {
  Coverage coverage;
  coverage.declare("pair", {{"a", "b"}, {"x", "y"}});
  coverage.hit("pair", {"a", "x"});
  EXPECT_THAT(coverage.missed(), testing::ElementsAre("pair: a, y", "pair: b, x", "pair: b, y"));
  EXPECT_THROW(coverage.hit("pair", {"c", "x"}), std::out_of_range);
}

}  // namespace
}  // namespace sterna
