// SPDX-License-Identifier: Apache-2.0
#include "sim/job/job_plan.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace sterna::sim {
namespace {

constexpr std::uint32_t kPortMax =
    0xFFFF;  // cmd_tokens_i, cmd_beats_i and cmd_columns_i have 16 bits

void require(bool ok, std::size_t task, const std::string& rule) {
  if (!ok) throw std::invalid_argument(fmt::format("task {}: {}", task, rule));
}

void check_weights(const UnitConfig& unit, const TmuTask& task, std::size_t index) {
  require(task.weights != nullptr, index, "it has no weights");
  const std::vector<std::size_t>& offset = task.weights->engine_offset;
  require(offset.size() == unit.engines + 1, index,
          fmt::format("weights for {} engines given to a unit of {}",
                      static_cast<std::int64_t>(offset.size()) - 1, unit.engines));
  for (std::uint32_t e = 0; e < unit.engines; ++e) {
    const std::size_t vectors =
        task.command.columns != 0 ? task.command.columns : engine_rows(unit, task.command, e);
    const std::size_t bytes = vectors * task.command.beats * unit.beat_bytes();
    require(offset[e + 1] == offset[e] + bytes && offset[e + 1] <= task.weights->bytes.size(),
            index, fmt::format("the stream of engine {} must have {} bytes", e, bytes));
  }
}

// The unit would read the weights of a column that is none.
void check_padding(const TmuTask& task, std::size_t index) {
  const auto padding = task.activations.subspan(task.command.columns);
  const auto wrong =
      std::find_if(padding.begin(), padding.end(), [](std::int8_t value) { return value != 0; });
  require(wrong == padding.end(), index,
          fmt::format("activation {} is not zero, but its command has {} columns",
                      task.command.columns + (wrong - padding.begin()), task.command.columns));
}

void check_data(const UnitConfig& unit, const TmuTask& task, std::size_t index) {
  const TmuCommand& command = task.command;
  check_weights(unit, task, index);
  const std::size_t activations = activation_beats(unit, command) * kActivationBeatBytes;
  require(task.activations.size() == activations, index,
          fmt::format("{} activations given, {} needed", task.activations.size(), activations));
  if (command.columns != 0) check_padding(task, index);
  const std::size_t sums = std::size_t{command.tokens} * command.rows;
  require(task.sums.size() == sums, index,
          fmt::format("room for {} sums given, {} needed", task.sums.size(), sums));
}

bool is_legal_by_columns(const UnitConfig& unit, const TmuCommand& command) {
  return command.tokens == 1 && !command.keep_activations &&
         command.beats == column_beats(unit, command.rows, command.format) &&
         command.beats <= unit.column_words;
}

}  // namespace

bool is_legal(const UnitConfig& unit, const TmuCommand& command,
              const std::optional<TmuCommand>& held) {
  if (command.tokens == 0 || command.beats == 0 || command.rows == 0) return false;
  if (command.columns != 0) return is_legal_by_columns(unit, command);
  const std::uint64_t chunks = shape_of(unit, command).chunks;
  if (chunks > unit.chunks || chunks * command.beats > unit.activation_words) return false;
  return !command.keep_activations ||
         (held && held->columns == 0 && held->tokens == command.tokens &&
          held->beats == command.beats && held->format == command.format);
}

CommandShape shape_of(const UnitConfig& unit, const TmuCommand& command) {
  const std::uint32_t groups = (command.rows - 1) / unit.engines + 1;
  const std::uint32_t chunks = (command.tokens - 1) / unit.slices + 1;
  return {.groups = groups,
          .chunks = chunks,
          .last_group_engines = command.rows - (groups - 1) * unit.engines,
          .last_chunk_slices = command.tokens - (chunks - 1) * unit.slices};
}

std::uint32_t column_beats(const UnitConfig& unit, std::size_t rows, WeightFormat format) {
  const std::size_t engine_rows = (rows + unit.engines - 1) / unit.engines;
  const std::uint32_t trits = unit.trits_per_beat(format);
  return static_cast<std::uint32_t>((engine_rows + trits - 1) / trits);
}

std::uint32_t nonzero_columns(const TmuTask& task) {
  const auto columns = task.activations.first(task.command.columns);
  return static_cast<std::uint32_t>(task.command.columns -
                                    std::count(columns.begin(), columns.end(), std::int8_t{0}));
}

std::uint64_t activation_beats(const UnitConfig& unit, const TmuCommand& command) {
  if (command.columns != 0)
    return (command.columns + kActivationBeatBytes - 1) / kActivationBeatBytes;
  if (command.keep_activations) return 0;
  return std::uint64_t{command.tokens} * command.beats *
         unit.activation_beats_per_word(command.format);
}

std::uint32_t engine_rows(const UnitConfig& unit, const TmuCommand& command, std::uint32_t engine) {
  return command.rows / unit.engines + (engine < command.rows % unit.engines ? 1 : 0);
}

void count_group(const TmuCommand& command, const CommandShape& shape, std::uint32_t engines,
                 TmuCounters& counters) {
  counters.issue_cycles += std::uint64_t{command.beats} * shape.chunks;
  counters.weight_beats += std::uint64_t{command.beats} * engines;
  counters.row_slots += std::uint64_t{command.beats} * command.tokens * engines;
  counters.activation_reads += std::uint64_t{command.beats} * command.tokens;
  counters.result_beats += shape.chunks;
  counters.sums += std::uint64_t{command.tokens} * engines;
}

JobPlan plan_job(const UnitConfig& unit, std::span<const TmuTask> tasks) {
  JobPlan plan = {.legal = {}, .weight_beats = {}, .activation_beats = 0};
  plan.weight_beats.resize(unit.engines);
  std::optional<TmuCommand> held;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const TmuCommand& command = tasks[i].command;
    require(command.tokens <= kPortMax && command.beats <= kPortMax, i,
            fmt::format("{} tokens and {} beats a row, but the command port holds at most {}",
                        command.tokens, command.beats, kPortMax));
    require(command.columns <= kPortMax, i,
            fmt::format("{} columns, but the command port holds at most {}", command.columns,
                        kPortMax));
    plan.legal.push_back(is_legal(unit, command, held));
    if (!plan.legal.back()) continue;
    held = command;
    check_data(unit, tasks[i], i);
    const bool by_columns = command.columns != 0;
    for (std::uint32_t e = 0; e < unit.engines; ++e) {
      const std::uint64_t vectors =
          by_columns ? nonzero_columns(tasks[i]) : engine_rows(unit, command, e);
      plan.weight_beats[e] += vectors * command.beats;
    }
    plan.activation_beats += activation_beats(unit, command);
  }
  return plan;
}

void require_legal(const JobPlan& plan) {
  for (std::size_t i = 0; i < plan.legal.size(); ++i) {
    require(plan.legal[i], i, "the unit refuses its command, which on a bus halts it");
  }
}

}  // namespace sterna::sim
