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

namespace {

// Goes through a text before it is built in memory. (The library can call back while it builds, but then
// takes time that is quadratic in the number of objects of a list.)
class JsonChecker : public nlohmann::json_sax<nlohmann::json> {
 public:
  JsonChecker(std::string_view text, const std::string& name,
              const std::function<void(const std::string&)>& see_key)
      : bytes_(text.size()), name_(name), see_key_(see_key) {}

  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(std::int64_t /*value*/) override { return true; }
  bool number_unsigned(std::uint64_t /*value*/) override { return true; }
  bool number_float(double /*value*/, const std::string& /*text*/) override { return true; }
  bool string(std::string& /*value*/) override { return true; }
  bool binary(nlohmann::json::binary_t& /*value*/) override { return true; }
  bool start_object(std::size_t /*size*/) override { return enter(); }
  bool start_array(std::size_t /*size*/) override { return enter(); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }
  bool key(std::string& key) override {
    if (depth_ == 1 && see_key_) see_key_(key);
    return true;
  }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) override {
    const auto* broken = dynamic_cast<const nlohmann::json::parse_error*>(&error);
    if (broken == nullptr) {
      throw std::runtime_error(name_ + " is not JSON: it has a number that no float64 can hold");
    }
    throw std::runtime_error(name_ + " is not JSON: it breaks at byte " +
                             std::to_string(broken->byte) + " of " + std::to_string(bytes_));
  }

 private:
  bool enter() {
    constexpr int kDeepest = 64;  // a configuration or a tokenizer nests less than ten deep
    if (++depth_ > kDeepest) {
      throw std::runtime_error(name_ + " is nested more than " + std::to_string(kDeepest) +
                               " levels deep, which no valid file is");
    }
    return true;
  }
  bool leave() {
    --depth_;
    return true;
  }

  std::size_t bytes_;
  const std::string& name_;
  const std::function<void(const std::string&)>& see_key_;
  int depth_ = 0;
};

}  // namespace

nlohmann::json parse_json(std::string_view text, const std::string& name,
                          const std::function<void(const std::string&)>& see_key) {
  JsonChecker checker(text, name, see_key);
  nlohmann::json::sax_parse(text, &checker);  // throws where the text is no JSON
  return nlohmann::json::parse(text);
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

JsonFile::Objects JsonFile::objects(std::string_view name) const { return {*this, name}; }

std::size_t JsonFile::list_size(std::string_view name) const {
  const nlohmann::json& list = at(name);
  if (!list.is_null() && !list.is_array()) refuse(name, "a list of objects is expected");
  return list.size();
}

JsonFile JsonFile::object_at(std::string_view name, std::size_t index) const {
  const nlohmann::json& item = at(name)[index];
  if (!item.is_object()) refuse(name, "a list of objects is expected");
  std::string prefix = prefix_;
  prefix.append(name).append(".").append(std::to_string(index)).append(".");
  return part(item, std::move(prefix));
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
