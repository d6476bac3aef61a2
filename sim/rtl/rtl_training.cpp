// SPDX-License-Identifier: Apache-2.0
#include "sim/rtl/rtl_training.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "sim/bus/bus_layout.hpp"
#include "sim/bus/bus_memory.hpp"
#include "sim/bus/rtl_bus_job.hpp"
#include "sim/job/random_job.hpp"
#include "sim/rtl/rtl_loader.hpp"
#include "sim/streams/rtl_job.hpp"
#include "sim/streams/stream_memory.hpp"

namespace sterna::sim {
namespace {

constexpr std::uint64_t kSeed = 1;
// Behind the streams of a bare unit, whatever a hardware file says: the library is for all of them.
constexpr MemoryConfig kMemory = {.weight_gb_s = 1000,
                                  .activation_gb_s = 1000,
                                  .result_gb_s = 1000,
                                  .latency_ns = 20,
                                  .window_beats = 64,
                                  .refresh_interval_ns = 0,
                                  .refresh_ns = 0};
constexpr StallPattern kStalls = {.seed = kSeed, .max_read_delay = 3, .write_busy_percent = 10};

// Most of a run of a model is decode: so is most of this.
void add_products(RandomJob& job, const UnitConfig& unit, WeightFormat format) {
  constexpr std::uint32_t kMostBeats = 32;
  constexpr std::uint32_t kMostChunks = 4;
  constexpr std::uint32_t kGroups = 32;
  const std::uint32_t chunks = std::min(unit.chunks, kMostChunks);
  const std::uint32_t cols =
      std::min(unit.activation_words / chunks, kMostBeats) * unit.trits_per_beat(format);
  const std::uint32_t rows = kGroups * unit.engines;
  for (const std::uint32_t tokens : {1U, 1U, 1U, unit.slices * chunks}) {
    job.add({.tokens = tokens, .cols = cols, .rows = rows, .format = format});
  }
}

}  // namespace

void train_rtl_library(const std::filesystem::path& library, const HardwareConfig& hardware) {
  RandomJob job(hardware.unit, kSeed);
  add_products(job, hardware.unit, hardware.weight_format);
  const auto tasks = job.tasks();
  if (hardware.bus) {
    BusMemory memory(hardware);
    const auto unit = load_rtl_axi_unit(library, hardware);
    const BusLayout layout = lay_out_job(hardware, tasks);
    RtlBusJob(*unit, memory, hardware, layout, tasks).run();
  } else {
    HardwareConfig design = hardware;
    design.memory = kMemory;
    StreamMemory memory(design, kStalls);
    const auto unit = load_rtl_unit(library, hardware.unit);
    RtlJob(*unit, memory, hardware.unit, tasks).run();
  }
  if (job.first_wrong_task() != -1) {
    throw std::runtime_error(library.string() + ": the RTL computes wrong sums");
  }
}

}  // namespace sterna::sim
