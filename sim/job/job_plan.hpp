// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sim/job/tmu_device.hpp"

namespace sterna::sim {

/// Whether the unit accepts `command` when it holds the activations of `held` (docs/tmu.md, the
/// illegal commands).
[[nodiscard]] bool is_legal(const UnitConfig& unit, const TmuCommand& command,
                            const std::optional<TmuCommand>& held);

/// Groups of rows and chunks of tokens in which the unit works on a command.
struct CommandShape {
  std::uint32_t groups;
  std::uint32_t chunks;
  std::uint32_t last_group_engines;  // active in the last group
  std::uint32_t last_chunk_slices;   // active in the last chunk
};
[[nodiscard]] CommandShape shape_of(const UnitConfig& unit, const TmuCommand& command);

/// Beats of a column of `rows` rows, the same for every engine: its r-th row of a beat of n trits is row
/// (j * n + r) * engines + e of the matrix in beat j of engine e.
[[nodiscard]] std::uint32_t column_beats(const UnitConfig& unit, std::size_t rows,
                                         WeightFormat format);

/// Columns of a command by columns whose activation is not zero: those whose weights are read.
[[nodiscard]] std::uint32_t nonzero_columns(const TmuTask& task);

/// Beats of activations that a command reads: into the SRAM or, by columns, one after the other; none where it
/// keeps what is there.
[[nodiscard]] std::uint64_t activation_beats(const UnitConfig& unit, const TmuCommand& command);

/// Rows that engine `engine` works on.
[[nodiscard]] std::uint32_t engine_rows(const UnitConfig& unit, const TmuCommand& command,
                                        std::uint32_t engine);

/// Adds what the slots of a row group of `engines` active engines count, stalls aside; not by columns.
void count_group(const TmuCommand& command, const CommandShape& shape, std::uint32_t engines,
                 TmuCounters& counters);

/// What the streams of one job carry. An illegal command has no stream beats: the unit would leave
/// them to the command after it.
struct JobPlan {
  std::vector<bool> legal;                  // a task
  std::vector<std::uint64_t> weight_beats;  // an engine
  std::uint64_t activation_beats;
};

/// Errors  std::invalid_argument when the data of a legal task does not have the shape of its command, or a
///         command does not fit the unit's command port
[[nodiscard]] JobPlan plan_job(const UnitConfig& unit, std::span<const TmuTask> tasks);

/// Errors  std::invalid_argument names the first illegal task: on a bus it would halt the unit (docs/axi.md)
void require_legal(const JobPlan& plan);

}  // namespace sterna::sim
