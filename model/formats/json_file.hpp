// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace sterna {

/// Text of a whole file.
/// Errors  std::runtime_error when it is missing, unreadable or no regular file
[[nodiscard]] std::string read_text_file(const std::filesystem::path& file);

/// A JSON object from a file, read field by field with errors that name file, field and value.
class JsonFile {
 public:
  class Objects;

  /// Errors  std::runtime_error when the file is missing, or does not hold a JSON object
  explicit JsonFile(const std::filesystem::path& file);

  /// The same of a text that is part of `file`.
  JsonFile(std::string_view text, const std::filesystem::path& file);

  /// The object in field `name` of this one, or an empty object when it is absent or null.
  [[nodiscard]] JsonFile object(std::string_view name) const;

  /// The objects of the list in field `name`, each made when it is come to; none when it is absent or
  /// null. This one and `name` must outlive the range.
  [[nodiscard]] Objects objects(std::string_view name) const;

  /// The names of all fields, in alphabetical order.
  [[nodiscard]] std::vector<std::string> keys() const;

  /// The value of a field; null when it is absent.
  [[nodiscard]] const nlohmann::json& at(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return !at(name).is_null(); }
  /// Whether the file says anything of a field, if only null.
  [[nodiscard]] bool mentions(std::string_view name) const { return object_->contains(name); }

  /// A whole number from `low` to `high`; `fallback` when absent or null.
  [[nodiscard]] std::uint32_t whole(std::string_view name, std::uint32_t fallback,
                                    std::uint32_t low, std::uint32_t high) const;
  /// A number above zero and up to `high`; `fallback` when absent or null.
  [[nodiscard]] float positive(std::string_view name, float fallback, float high) const;
  [[nodiscard]] bool boolean(std::string_view name, bool fallback) const;
  [[nodiscard]] std::string text(std::string_view name, std::string_view fallback) const;

  /// Throws std::runtime_error "FILE: FIELD is VALUE: FIX".
  [[noreturn]] void refuse(std::string_view name, const std::string& fix) const;

  [[nodiscard]] const std::filesystem::path& file() const { return file_; }

 private:
  [[nodiscard]] std::size_t list_size(std::string_view name) const;
  [[nodiscard]] JsonFile object_at(std::string_view name, std::size_t index) const;
  [[nodiscard]] JsonFile part(const nlohmann::json& object, std::string prefix) const;

  std::filesystem::path file_;
  std::shared_ptr<const nlohmann::json> object_;  // a part of the whole file, which it keeps
  std::string prefix_;                            // of field names in errors: "", or "outer."
};

class JsonFile::Objects {
 public:
  class Iterator {
   public:
    Iterator(const Objects& objects, std::size_t index) : objects_(objects), index_(index) {}
    JsonFile operator*() const { return objects_.file_.object_at(objects_.name_, index_); }
    void operator++() { ++index_; }
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

   private:
    const Objects& objects_;
    std::size_t index_;
  };

  Objects(const JsonFile& file, std::string_view name) : file_(file), name_(name) {}
  [[nodiscard]] Iterator begin() const { return {*this, 0}; }
  [[nodiscard]] Iterator end() const { return {*this, file_.list_size(name_)}; }

 private:
  const JsonFile& file_;
  std::string_view name_;
};

/// Parses JSON of any origin: nesting is bounded, so a hostile text cannot exhaust memory.
/// `see_key` is called with the keys of the outermost object as they come, equal ones too.
/// Errors  std::runtime_error "NAME is not JSON: ..."
[[nodiscard]] nlohmann::json parse_json(
    std::string_view text, const std::string& name,
    const std::function<void(const std::string&)>& see_key = {});

/// The first characters of a JSON value, for an error message.
[[nodiscard]] std::string brief(const nlohmann::json& value);

/// The same of a string from a file, without quotes.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace sterna
