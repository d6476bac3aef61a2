// SPDX-License-Identifier: Apache-2.0
#include "sim/rtl/rtl_loader.hpp"

#include <cassert>
#include <stdexcept>
#include <string>

#include <dlfcn.h>
#include <fmt/format.h>

namespace sterna::sim {
namespace {

// The library stays loaded: Verilator's runtime has thread-local objects that may outlive the unit.
void* load(const std::filesystem::path& path, const char* name) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  void* symbol = library == nullptr ? nullptr : dlsym(library, name);
  if (symbol == nullptr) {
    throw std::runtime_error(fmt::format(
        "{}: cannot be loaded ({}); delete it to have it built again", path.string(), dlerror()));
  }
  return symbol;
}

[[noreturn]] void refuse(const std::filesystem::path& path, const char* what) {
  throw std::runtime_error(path.string() + ": " + what + "; delete it to have it built again");
}

// A unit that the library's factory makes. `sizes_of(parameters)` must be `wanted`.
template <typename Unit, typename Sizes, typename SizesOf>
std::unique_ptr<Unit> create(const std::filesystem::path& path, Unit* (*factory)(std::uint32_t),
                             std::uint32_t abi, const Sizes& wanted, SizesOf sizes_of) {
  std::unique_ptr<Unit> unit(factory(abi));
  if (!unit) refuse(path, "was built for another version of Sterna");
  if (!(sizes_of(unit->parameters()) == wanted)) {
    refuse(path, "holds another design than the one it is filed under");
  }
  return unit;
}

}  // namespace

std::unique_ptr<TmuUnit> load_rtl_unit(const std::filesystem::path& path,
                                       const UnitConfig& design) {
  const auto factory = reinterpret_cast<TmuUnitFactory>(load(path, kTmuUnitFactory));
  return create(path, factory, kTmuUnitAbi, design, [](const TmuUnitParameters& built) {
    return UnitConfig{.lanes = built.lanes,
                      .engines = built.engines,
                      .slices = built.slices,
                      .activation_words = built.activation_words,
                      .chunks = built.chunks,
                      .weight_fifo_beats = built.weight_fifo_beats,
                      .result_fifo_beats = built.result_fifo_beats};
  });
}

std::unique_ptr<TmuAxiUnit> load_rtl_axi_unit(const std::filesystem::path& path,
                                              const HardwareConfig& design) {
  assert(design.bus);
  const auto factory = reinterpret_cast<TmuAxiUnitFactory>(load(path, kTmuAxiUnitFactory));
  const UnitConfig& unit = design.unit;
  const BusConfig& bus = *design.bus;
  const TmuAxiParameters wanted = {.lanes = unit.lanes,
                                   .engines = unit.engines,
                                   .slices = unit.slices,
                                   .activation_words = unit.activation_words,
                                   .chunks = unit.chunks,
                                   .weight_fifo_beats = unit.weight_fifo_beats,
                                   .result_fifo_beats = unit.result_fifo_beats,
                                   .burst_beats = bus.burst_beats,
                                   .dma_fifo_beats = bus.dma_fifo_beats,
                                   .outstanding = bus.outstanding,
                                   .descriptors = bus.descriptors,
                                   .address_bits = BusConfig::kAddressBits,
                                   .result_bits = bus.result_bits,
                                   .column_words = unit.column_words};
  return create(path, factory, kTmuAxiUnitAbi, wanted,
                [](const TmuAxiParameters& built) { return built; });
}

}  // namespace sterna::sim
