// SPDX-License-Identifier: Apache-2.0
#include "model/weights.hpp"

#include <algorithm>
#include <cassert>

#include "model/float_formats.hpp"

namespace sterna {

void FloatMatrix::read_row(std::size_t r, std::span<float> out) const {
  assert(r < rows && out.size() == cols);
  if (const auto* wide = std::get_if<std::vector<float>>(&values)) {
    std::copy_n(wide->begin() + static_cast<std::ptrdiff_t>(r * cols), cols, out.begin());
    return;
  }
  const auto& narrow = std::get<std::vector<Bfloat16>>(values);
  for (std::size_t c = 0; c < cols; ++c) out[c] = from_bfloat16(narrow[r * cols + c].bits);
}

}  // namespace sterna
