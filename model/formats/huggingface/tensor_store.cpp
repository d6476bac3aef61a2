// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <stdexcept>

#include "model/formats/huggingface/safetensors.hpp"
#include "model/formats/json_file.hpp"

namespace sterna {
namespace {

// File names of the shards an index lists, each once, in alphabetical order.
std::set<std::string> shard_names(const JsonFile& index) {
  const nlohmann::json& map = index.at("weight_map");
  if (!map.is_object() || map.empty()) {
    index.refuse("weight_map", "an object from tensor names to file names is expected");
  }
  std::set<std::string> names;
  for (const auto& [tensor, shard] : map.items()) {
    const std::string name = shard.is_string() ? shard.get<std::string>() : "";
    // A shard is a file beside the index, never a path that leads somewhere else.
    if (name.empty() || name.find('/') != std::string::npos ||
        name.find('\0') != std::string::npos) {
      throw std::runtime_error(index.file().string() + ": weight_map has the file name " +
                               brief(shard) + " where a name in the same folder is expected");
    }
    names.insert(name);
  }
  return names;
}

}  // namespace

TensorStore::TensorStore(const std::filesystem::path& folder) {
  main_file_ = folder / "model.safetensors";
  const std::filesystem::path index_file = folder / "model.safetensors.index.json";
  if (std::filesystem::exists(main_file_) || !std::filesystem::exists(index_file)) {
    add_file(main_file_);
    return;
  }
  main_file_ = index_file;
  const JsonFile index(index_file);
  for (const std::string& name : shard_names(index)) add_file(folder / name);
  for (const auto& [tensor, shard] : index.at("weight_map").items()) {
    const auto found = entries_.find(tensor);
    if (found == entries_.end() || found->second.file.filename() != shard.get<std::string>()) {
      refuse(tensor, "is not in " + shard.get<std::string>() + ", where the index places it");
    }
  }
}

void TensorStore::add_file(const std::filesystem::path& file) {
  const SafetensorsFile& added = files_.emplace_back(file);
  for (const auto& [name, tensor] : added.tensors()) {
    const auto [entry, is_first] = entries_.try_emplace(name, Entry{&tensor, file});
    if (!is_first) refuse(name, "is also in " + file.filename().string());
  }
}

const TensorView& TensorStore::get(std::string_view name,
                                   std::span<const std::uint64_t> shape) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) {
    refuse(name, "is missing; shape " + shape_text(shape) + " is expected");
  }
  const TensorView& tensor = *found->second.tensor;
  if (!std::equal(shape.begin(), shape.end(), tensor.shape.begin(), tensor.shape.end())) {
    refuse(name, "has shape " + shape_text(tensor.shape) + " where config.json asks for " +
                     shape_text(shape));
  }
  return tensor;
}

std::vector<std::string> TensorStore::names() const {
  std::vector<std::string> names;
  names.reserve(entries_.size());
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

void TensorStore::refuse(std::string_view name, const std::string& what) const {
  const auto found = entries_.find(name);
  std::string message = (found == entries_.end() ? main_file_ : found->second.file).string();
  message.append(": tensor ").append(printable(name)).append(" ").append(what);
  throw std::runtime_error(message);
}

}  // namespace sterna
