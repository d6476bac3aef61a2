// SPDX-License-Identifier: Apache-2.0
#include "model/formats/huggingface/safetensors.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <set>
#include <stdexcept>
#include <utility>

#include "model/formats/float_formats.hpp"
#include "model/formats/json_file.hpp"

namespace sterna {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors are little endian");

// The reference implementation's limit: a header is a few hundred bytes a tensor.
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
constexpr std::size_t kLengthBytes = 8;

struct DtypeEntry {
  std::string_view name;
  std::uint64_t bytes;
  Dtype dtype;
};
constexpr std::array kDtypes = {
    DtypeEntry{"U8", 1, Dtype::U8},         DtypeEntry{"I8", 1, Dtype::I8},
    DtypeEntry{"F16", 2, Dtype::F16},       DtypeEntry{"BF16", 2, Dtype::BF16},
    DtypeEntry{"F32", 4, Dtype::F32},       DtypeEntry{"BOOL", 1, Dtype::Other},
    DtypeEntry{"F8_E4M3", 1, Dtype::Other}, DtypeEntry{"F8_E5M2", 1, Dtype::Other},
    DtypeEntry{"I16", 2, Dtype::Other},     DtypeEntry{"U16", 2, Dtype::Other},
    DtypeEntry{"I32", 4, Dtype::Other},     DtypeEntry{"U32", 4, Dtype::Other},
    DtypeEntry{"I64", 8, Dtype::Other},     DtypeEntry{"U64", 8, Dtype::Other},
    DtypeEntry{"F64", 8, Dtype::Other},
};

// Everything the checks below need to say what is wrong and where.
class Reader {
 public:
  Reader(const std::filesystem::path& file, std::span<const std::byte> bytes)
      : file_(file), bytes_(bytes) {}

  [[nodiscard]] std::map<std::string, TensorView, std::less<>> tensors() const;

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw std::runtime_error(file_.string() + ": " + what);
  }
  [[noreturn]] void refuse(const std::string& tensor, const std::string& what) const {
    refuse("tensor " + printable(tensor) + " " + what);
  }
  [[nodiscard]] std::uint64_t header_bytes() const;
  [[nodiscard]] nlohmann::json header() const;
  [[nodiscard]] TensorView tensor(const std::string& name, const nlohmann::json& entry,
                                  std::span<const std::byte> data) const;
  std::vector<std::uint64_t> numbers(const std::string& tensor, const nlohmann::json& entry,
                                     const char* field) const;
  [[nodiscard]] std::uint64_t element_bytes(const std::string& name, const TensorView& view) const;
  void check_coverage(const std::map<std::string, TensorView, std::less<>>& tensors,
                      std::span<const std::byte> data) const;

  const std::filesystem::path& file_;
  std::span<const std::byte> bytes_;
};

std::uint64_t Reader::header_bytes() const {
  if (bytes_.size() < kLengthBytes) {
    refuse("has " + std::to_string(bytes_.size()) +
           " bytes, less than the 8 of a safetensors length: the file is truncated");
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes_.data(), kLengthBytes);
  if (length > kMaxHeaderBytes || length > bytes_.size() - kLengthBytes) {
    refuse("says its header has " + std::to_string(length) + " bytes, but the file has " +
           std::to_string(bytes_.size()) + ": it is truncated or not a safetensors file");
  }
  return length;
}

nlohmann::json Reader::header() const {
  const std::size_t length = header_bytes();  // refuses a file too short for its length field
  const auto* text = reinterpret_cast<const char*>(bytes_.data()) + kLengthBytes;
  std::set<std::string> names;
  // The parser would keep the last of two equal keys; whoever wrote two meant something else.
  const auto see_name = [&](const std::string& name) {
    if (!names.insert(name).second) refuse(name, "is in the header twice");
  };
  nlohmann::json parsed = parse_json({text, length}, file_.string() + ": the header", see_name);
  if (!parsed.is_object()) refuse("the header is " + brief(parsed) + ", not a JSON object");
  return parsed;
}

std::vector<std::uint64_t> Reader::numbers(const std::string& tensor, const nlohmann::json& entry,
                                           const char* field) const {
  const auto found = entry.find(field);
  const nlohmann::json value = found == entry.end() ? nlohmann::json() : *found;
  const auto is_count = [](const nlohmann::json& number) { return number.is_number_unsigned(); };
  if (!value.is_array() || !std::all_of(value.begin(), value.end(), is_count)) {
    refuse(tensor, std::string("has ") + field + " " + brief(value) +
                       " where a list of whole numbers is expected");
  }
  return value.get<std::vector<std::uint64_t>>();
}

std::uint64_t Reader::element_bytes(const std::string& name, const TensorView& view) const {
  for (const DtypeEntry& entry : kDtypes) {
    if (entry.name == view.dtype_name) return entry.bytes;
  }
  refuse(name, "has the unknown dtype " + printable(view.dtype_name));
}

TensorView Reader::tensor(const std::string& name, const nlohmann::json& entry,
                          std::span<const std::byte> data) const {
  if (!entry.is_object()) refuse(name, "is " + brief(entry) + " where an object is expected");
  const auto dtype = entry.find("dtype");
  if (dtype == entry.end() || !dtype->is_string()) refuse(name, "has no dtype");

  TensorView view{.dtype = Dtype::Other,
                  .dtype_name = dtype->get<std::string>(),
                  .shape = numbers(name, entry, "shape"),
                  .bytes = {}};
  for (const DtypeEntry& known : kDtypes) {
    if (known.name == view.dtype_name) view.dtype = known.dtype;
  }
  std::uint64_t expected = element_bytes(name, view);
  for (const std::uint64_t extent : view.shape) {
    if (__builtin_mul_overflow(expected, extent, &expected)) {
      refuse(name, "has shape " + shape_text(view.shape) + ", more bytes than 64 bits can count");
    }
  }

  const std::vector<std::uint64_t> offsets = numbers(name, entry, "data_offsets");
  if (offsets.size() != 2 || offsets[0] > offsets[1]) {
    refuse(name, "has data_offsets " + shape_text(offsets) + " where [begin, end] is expected");
  }
  if (offsets[1] > data.size()) {
    refuse(name, "ends at byte " + std::to_string(offsets[1]) + " of " +
                     std::to_string(data.size()) + ": the file is truncated");
  }
  if (offsets[1] - offsets[0] != expected) {
    refuse(name, "has " + std::to_string(offsets[1] - offsets[0]) + " bytes, but " +
                     view.dtype_name + " of shape " + shape_text(view.shape) + " needs " +
                     std::to_string(expected));
  }
  view.bytes = data.subspan(offsets[0], expected);
  return view;
}

void Reader::check_coverage(const std::map<std::string, TensorView, std::less<>>& tensors,
                            std::span<const std::byte> data) const {
  std::vector<std::pair<const std::byte*, const std::string*>> order;
  order.reserve(tensors.size());
  for (const auto& [name, view] : tensors) order.emplace_back(view.bytes.data(), &name);
  // Of tensors that begin at one place the empty ones come first.
  std::sort(order.begin(), order.end(), [&](const auto& a, const auto& b) {
    return std::pair(a.first, tensors.at(*a.second).bytes.size()) <
           std::pair(b.first, tensors.at(*b.second).bytes.size());
  });
  const std::byte* end = data.data();
  for (const auto& [begin, name] : order) {
    if (begin != end) {
      refuse(*name, "begins at byte " + std::to_string(begin - data.data()) +
                        ", but the one before"
                        " it ends at byte " +
                        std::to_string(end - data.data()) +
                        ": tensors must follow each other without overlap or gap");
    }
    end = begin + tensors.at(*name).bytes.size();
  }
  if (end != data.data() + data.size()) {
    refuse("has " + std::to_string(data.data() + data.size() - end) +
           " bytes after its last tensor: the header and the data do not belong together");
  }
}

std::map<std::string, TensorView, std::less<>> Reader::tensors() const {
  const nlohmann::json entries = header();
  const std::span<const std::byte> data = bytes_.subspan(kLengthBytes + header_bytes());
  std::map<std::string, TensorView, std::less<>> tensors;
  for (const auto& [name, entry] : entries.items()) {
    if (name == "__metadata__") continue;
    tensors.emplace(name, tensor(name, entry, data));
  }
  check_coverage(tensors, data);
  return tensors;
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& file) {
  mapped_ = map_file(file);
  tensors_ = Reader(file, mapped_.bytes).tensors();
}

std::string shape_text(std::span<const std::uint64_t> shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  return text + "]";
}

void to_floats(const TensorView& tensor, std::size_t first, std::span<float> out) {
  const std::byte* bytes = tensor.bytes.data();
  const auto half_at = [&](std::size_t i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, bytes + 2 * (first + i), sizeof bits);
    return bits;
  };
  switch (tensor.dtype) {
    case Dtype::F32:
      if (!out.empty()) std::memcpy(out.data(), bytes + 4 * first, 4 * out.size());
      return;
    case Dtype::BF16:
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = from_bfloat16(half_at(i));
      return;
    case Dtype::F16:
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = from_float16(half_at(i));
      return;
    default:
      throw std::runtime_error("dtype is " + tensor.dtype_name +
                               " where F32, BF16 or F16 is expected");
  }
}

std::vector<float> to_floats(const TensorView& tensor) {
  std::size_t count = 1;
  for (const std::uint64_t extent : tensor.shape) count *= extent;
  std::vector<float> out(tensor.dtype == Dtype::Other ? 0 : count);
  to_floats(tensor, 0, out);
  return out;
}

}  // namespace sterna
