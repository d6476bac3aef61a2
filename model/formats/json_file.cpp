// SPDX-License-Identifier: Apache-2.0
#include "model/formats/json_file.hpp"

#include <cmath>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace sterna {

std::string read_text_file(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    throw std::runtime_error(file.string() + " does not exist: give the path of an existing file");
  }
  if (std::filesystem::is_directory(file, ignored)) {
    throw std::runtime_error(file.string() + " is a folder: give the path of a file");
  }
  // A pipe would be waited for, and a device read without end.
  if (!std::filesystem::is_regular_file(file, ignored)) {
    throw std::runtime_error(file.string() + " is not a regular file: give the path of one");
  }
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  // An empty file sets failbit on `text` alone; only a read error concerns us.
  if (!in.is_open() || in.bad()) {
    throw std::runtime_error(file.string() + " cannot be read: check its permissions");
  }
  return std::move(text).str();
}

nlohmann::json parse_json(std::string_view text, const std::string& name,
                          const std::function<void(const std::string&)>& see_key) {
  using Event = nlohmann::json::parse_event_t;
  constexpr int kDeepest = 64;  // a configuration or a tokenizer nests less than ten deep
  const auto watch = [&](int depth, Event event, const nlohmann::json& parsed) {
    if (depth > kDeepest) {
      throw std::runtime_error(name + " is nested more than " + std::to_string(kDeepest) +
                               " levels deep, which no valid file is");
    }
    if (event == Event::key && depth == 1 && see_key) see_key(parsed.get<std::string>());
    return true;
  };
  try {
    return nlohmann::json::parse(text, watch);
  } catch (const nlohmann::json::parse_error& error) {
    throw std::runtime_error(name + " is not JSON: it breaks at byte " +
                             std::to_string(error.byte) + " of " + std::to_string(text.size()));
  } catch (const nlohmann::json::exception&) {
    throw std::runtime_error(name + " is not JSON: it has a number that no float64 can hold");
  }
}

JsonFile::JsonFile(const std::filesystem::path& file) : JsonFile(read_text_file(file), file) {}

JsonFile::JsonFile(std::string_view text, const std::filesystem::path& file) : file_(file) {
  object_ = std::make_shared<const nlohmann::json>(parse_json(text, file.string()));
  if (!object_->is_object()) {
    throw std::runtime_error(file.string() + " holds " + brief(*object_) +
                             " where a JSON object is expected");
  }
}

JsonFile JsonFile::part(const nlohmann::json& object, std::string prefix) const {
  JsonFile part(*this);
  part.object_ = {object_, &object};
  part.prefix_ = std::move(prefix);
  return part;
}

JsonFile JsonFile::object(std::string_view name) const {
  static const nlohmann::json empty = nlohmann::json::object();
  const nlohmann::json& value = at(name);
  if (!value.is_null() && !value.is_object()) refuse(name, "an object is expected");
  std::string prefix = prefix_;
  prefix.append(name).append(".");
  return part(value.is_null() ? empty : value, std::move(prefix));
}

std::vector<JsonFile> JsonFile::objects(std::string_view name) const {
  const nlohmann::json& list = at(name);
  if (!list.is_null() && !list.is_array()) refuse(name, "a list of objects is expected");
  std::vector<JsonFile> objects;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].is_object()) refuse(name, "a list of objects is expected");
    std::string prefix = prefix_;
    prefix.append(name).append(".").append(std::to_string(i)).append(".");
    objects.push_back(part(list[i], std::move(prefix)));
  }
  return objects;
}

std::vector<std::string> JsonFile::keys() const {
  std::vector<std::string> keys;
  for (const auto& [name, value] : object_->items()) keys.push_back(name);
  return keys;
}

const nlohmann::json& JsonFile::at(std::string_view name) const {
  static const nlohmann::json absent;
  const auto found = object_->find(name);
  return found == object_->end() ? absent : *found;
}

std::uint32_t JsonFile::whole(std::string_view name, std::uint32_t fallback, std::uint32_t low,
                              std::uint32_t high) const {
  const nlohmann::json& value = at(name);
  if (value.is_null()) return fallback;
  const bool in_range = value.is_number_unsigned() && value.get<std::uint64_t>() >= low &&
                        value.get<std::uint64_t>() <= high;
  if (!in_range) {
    refuse(name, "a whole number from " + std::to_string(low) + " to " + std::to_string(high) +
                     " is expected");
  }
  return value.get<std::uint32_t>();
}

float JsonFile::positive(std::string_view name, float fallback, float high) const {
  const nlohmann::json& value = at(name);
  if (value.is_null()) return fallback;
  const float number = value.is_number() ? value.get<float>() : 0.0F;
  if (!(number > 0.0F && number <= high)) {
    std::ostringstream range;
    range << "a number above 0 and up to " << high << " is expected";
    refuse(name, range.str());
  }
  return number;
}

bool JsonFile::boolean(std::string_view name, bool fallback) const {
  const nlohmann::json& value = at(name);
  if (value.is_null()) return fallback;
  if (!value.is_boolean()) refuse(name, "true or false is expected");
  return value.get<bool>();
}

std::string JsonFile::text(std::string_view name, std::string_view fallback) const {
  const nlohmann::json& value = at(name);
  if (value.is_null()) return std::string(fallback);
  if (!value.is_string()) refuse(name, "a string is expected");
  return value.get<std::string>();
}

void JsonFile::refuse(std::string_view name, const std::string& fix) const {
  std::string message = file_.string();
  message.append(": ").append(prefix_).append(name).append(" is ");
  message.append(brief(at(name))).append(": ").append(fix);
  throw std::runtime_error(message);
}

std::string brief(const nlohmann::json& value) {
  constexpr std::size_t kLongest = 100;
  // Invalid UTF-8 in a hostile file must not turn the report of an error into another one.
  std::string text = value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

std::string printable(std::string_view text) {
  const std::string quoted = brief(nlohmann::json(text));
  const bool is_whole = quoted.back() == '"';
  return quoted.substr(1, quoted.size() - (is_whole ? 2 : 1));
}

}  // namespace sterna
