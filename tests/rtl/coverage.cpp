// SPDX-License-Identifier: Apache-2.0
#include "tests/rtl/coverage.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace sterna {
namespace {

std::string bin_name(const std::string& group, const std::vector<std::string>& values) {
  std::string name = group + ":";
  for (const std::string& value : values) name += (name.back() == ':' ? " " : ", ") + value;
  return name;
}

}  // namespace

void Coverage::declare(const std::string& group,
                       const std::vector<std::vector<std::string>>& lists) {
  std::vector<std::size_t> at(lists.size());
  for (;;) {
    std::vector<std::string> values;
    for (std::size_t i = 0; i < lists.size(); ++i) values.push_back(lists[i][at[i]]);
    bins_.emplace(bin_name(group, values), 0);
    std::size_t digit = 0;
    while (digit < lists.size() && ++at[digit] == lists[digit].size()) at[digit++] = 0;
    if (digit == lists.size()) return;
  }
}

void Coverage::hit(const std::string& group, const std::vector<std::string>& values) {
  ++bins_.at(bin_name(group, values));
}

std::vector<std::string> Coverage::missed() const {
  std::vector<std::string> names;
  for (const auto& [name, count] : bins_) {
    if (count == 0) names.push_back(name);
  }
  return names;
}

void Coverage::print(std::ostream& out) const {
  for (const auto& [name, count] : bins_) {
    out << (count == 0 ? "MISSED " : "") << name << ": " << count << "\n";
  }
  out << bins_.size() - missed().size() << " of " << bins_.size() << " bins hit\n";
}

void Coverage::report(const std::string& file) const {
  const char* folder = std::getenv("STERNA_COVERAGE_REPORT");
  if (folder == nullptr) return;
  std::ofstream out(std::string(folder) + "/" + file);
  print(out);
}

}  // namespace sterna
