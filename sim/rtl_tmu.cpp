// SPDX-License-Identifier: Apache-2.0
#include "sim/rtl_tmu.hpp"

#include <stdexcept>

#include <dlfcn.h>
#include <fmt/format.h>

#include "rtl/tmu_unit.hpp"
#include "sim/lower_bound.hpp"
#include "sim/rtl_job.hpp"
#include "sim/rtl_library.hpp"

namespace sterna::sim {
namespace {

// The library stays loaded: Verilator's runtime has thread-local objects that may outlive the unit.
TmuUnitFactory load_factory(const std::filesystem::path& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* symbol = library == nullptr ? nullptr : dlsym(library, kTmuUnitFactory);
  if (symbol == nullptr) {
    throw std::runtime_error(fmt::format(
        "{}: cannot be loaded ({}); delete it to have it built again", path.string(), dlerror()));
  }
  return reinterpret_cast<TmuUnitFactory>(symbol);
}

void check_parameters(const std::filesystem::path& path, const TmuUnitParameters& built,
                      const UnitConfig& wanted) {
  const UnitConfig has = {.lanes = built.lanes,
                          .engines = built.engines,
                          .slices = built.slices,
                          .activation_words = built.activation_words,
                          .chunks = built.chunks,
                          .weight_fifo_beats = built.weight_fifo_beats,
                          .result_fifo_beats = built.result_fifo_beats};
  if (has != wanted) {
    throw std::runtime_error(path.string() +
                             ": holds another design than the one it is filed under; "
                             "delete it to have it built again");
  }
}

}  // namespace

RtlTmu::RtlTmu(const HardwareConfig& hardware, const StallPattern& stalls)
    : hardware_((hardware.validate(), hardware)), memory_(hardware, stalls) {
  const std::filesystem::path path = ensure_rtl_library(hardware.unit);
  unit_.reset(load_factory(path)(kTmuUnitAbi));
  if (!unit_) {
    throw std::runtime_error(
        path.string() +
        ": was built for another version of Sterna; delete it to have it built again");
  }
  check_parameters(path, unit_->parameters(), hardware.unit);
}

RtlTmu::~RtlTmu() = default;

std::vector<CommandReport> RtlTmu::run(std::span<const TmuTask> tasks) {
  std::vector<CommandReport> reports = RtlJob(*unit_, memory_, hardware_.unit, tasks).run();
  check_against_lower_bound(hardware_, tasks, reports, memory_.moved_bytes());
  return reports;
}

}  // namespace sterna::sim
