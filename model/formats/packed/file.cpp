// SPDX-License-Identifier: Apache-2.0
#include "model/formats/packed/file.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "kernels/packing/packed_int8.hpp"
#include "kernels/packing/packed_ternary.hpp"
#include "kernels/packing/two_plane_int8.hpp"
#include "model/formats/huggingface/config_json.hpp"

namespace sterna {
namespace {

static_assert(std::endian::native == std::endian::little, "the file is little endian");

constexpr std::array kForms = {
    std::pair{PackedForm::F32, std::string_view("f32")},
    std::pair{PackedForm::Bf16, std::string_view("bf16")},
    std::pair{PackedForm::F16, std::string_view("f16")},
    std::pair{PackedForm::Ternary, std::string_view("ternary")},
    std::pair{PackedForm::Int8, std::string_view("int8")},
    std::pair{PackedForm::Int6, std::string_view("int6")},
};

constexpr std::uint64_t kMaxJsonBytes = 100'000'000;  // of a model with thousands of layers: 10 MB

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what) {
  throw std::runtime_error(file.string() + ": " + what);
}

// The JSON of a file whose fixed header holds up.
std::string_view checked_json(const std::filesystem::path& file, std::span<const std::byte> bytes) {
  PackedHeader header{};
  if (bytes.size() >= sizeof header) std::memcpy(&header, bytes.data(), sizeof header);
  if (std::string_view(header.magic.data(), header.magic.size()) != kPackedMagic) {
    refuse(file, "it is not a file of Sterna's own format, which begins with STERNA");
  }
  if (header.version != kPackedVersion) {
    refuse(file, "it is of version " + std::to_string(header.version) +
                     " of Sterna's format, and this program reads version " +
                     std::to_string(kPackedVersion) + ": convert the model again");
  }
  if (header.file_bytes != bytes.size()) {
    refuse(file, "it has " + std::to_string(bytes.size()) + " bytes where its header says " +
                     std::to_string(header.file_bytes) + ": convert or copy the model again");
  }
  if (header.json_bytes > std::min<std::uint64_t>(bytes.size() - sizeof header, kMaxJsonBytes)) {
    refuse(file, "its header is " + std::to_string(header.json_bytes) +
                     " bytes long, more than the file holds");
  }
  const std::string_view json(reinterpret_cast<const char*>(bytes.data()) + sizeof header,
                              header.json_bytes);
  if (packed_checksum(json) != header.json_checksum) {
    refuse(file, "its header is damaged, the checksum differs: convert or copy the model again");
  }
  return json;
}

std::uint64_t count_in(const JsonFile& entry, const char* field) {
  const nlohmann::json& value = entry.at(field);
  if (!value.is_number_unsigned()) entry.refuse(field, "a whole number is expected");
  return value.get<std::uint64_t>();
}

PackedForm form_in(const JsonFile& entry) {
  const std::string name = entry.text("form", "");
  for (const auto& [form, known] : kForms) {
    if (known == name) return form;
  }
  entry.refuse("form", "one of f32, bf16, f16, ternary, int8 and int6 is expected");
}

}  // namespace

std::string_view name_of(PackedForm form) {
  return std::find_if(kForms.begin(), kForms.end(), [&](const auto& f) { return f.first == form; })
      ->second;
}

std::uint64_t packed_form_bytes(PackedForm form, std::uint64_t rows, std::uint64_t cols) {
  switch (form) {
    case PackedForm::F32:
      return rows * cols * 4;
    case PackedForm::Bf16:
    case PackedForm::F16:
      return rows * cols * 2;
    case PackedForm::Ternary:
      return PackedTernary::packed_bytes(rows, cols);
    case PackedForm::Int8:
      return PackedInt8::packed_bytes(rows, cols);
    case PackedForm::Int6:
      break;
  }
  const TwoPlaneInt8::PlaneBytes planes = TwoPlaneInt8::packed_bytes(rows, cols);
  return planes.upper + planes.lower;
}

std::uint64_t packed_checksum(std::string_view bytes) {
  std::uint64_t sum = 0xCBF29CE484222325U;
  for (const char byte : bytes) sum = (sum ^ static_cast<std::uint8_t>(byte)) * 0x100000001B3U;
  return sum;
}

PackedFile::PackedFile(const std::filesystem::path& file) : path_(file), mapped_(map_file(file)) {
  const std::string_view json = checked_json(file, mapped_.bytes);
  const JsonFile header(json, file);
  CheckpointConfig config = read_config(header.object("config"));
  model_ = config.model;
  special_ = std::move(config.special);
  end_ = sizeof(PackedHeader) + json.size();
  read_files(header);
  read_tensors(header);
}

// The bytes of an entry. Entries follow each other in the file, so none can lie in another.
std::span<const std::byte> PackedFile::place(const JsonFile& entry, const std::string& what) {
  const std::uint64_t offset = count_in(entry, "offset");
  const std::uint64_t bytes = count_in(entry, "bytes");
  const std::uint64_t size = mapped_.bytes.size();
  if (offset > size || bytes > size - offset) {
    refuse(path_, what + " ends outside the file: at byte " + std::to_string(offset) + " with " +
                      std::to_string(bytes) + " bytes of " + std::to_string(size));
  }
  if (offset < end_ || offset % kPackedAlignment != 0) {
    refuse(path_, what + " begins at byte " + std::to_string(offset) +
                      ", where a multiple of 64 from " + std::to_string(end_) +
                      " on, the end of the one before, is expected");
  }
  end_ = offset + bytes;
  return mapped_.bytes.subspan(offset, bytes);
}

void PackedFile::read_files(const JsonFile& header) {
  for (const JsonFile& entry : header.objects("files")) {
    const std::string name = entry.text("name", "");
    const bool is_plain = !name.empty() && name.find('/') == std::string::npos && name[0] != '.' &&
                          name.find('\0') == std::string::npos;
    if (!is_plain) entry.refuse("name", "the name of a file is expected");
    const auto bytes = place(entry, "file " + printable(name));
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (!files_.emplace(name, text).second) entry.refuse("name", "it comes twice");
  }
}

void PackedFile::read_tensors(const JsonFile& header) {
  for (const JsonFile& entry : header.objects("tensors")) {
    const std::string name = entry.text("name", "");
    const std::string what = "tensor " + printable(name);
    PackedTensor tensor{.form = form_in(entry),
                        .rows = entry.whole("rows", 0, 1, kMaxVocab),
                        .cols = entry.whole("cols", 0, 1, kMaxVocab),
                        .bytes = place(entry, what)};
    const std::uint64_t expected = packed_form_bytes(tensor.form, tensor.rows, tensor.cols);
    if (tensor.bytes.size() != expected) {
      refuse(path_, what + " has " + std::to_string(tensor.bytes.size()) + " bytes, but " +
                        std::to_string(tensor.rows) + " x " + std::to_string(tensor.cols) + " " +
                        std::string(name_of(tensor.form)) + " need " + std::to_string(expected));
    }
    if (!tensors_.emplace(name, tensor).second) refuse(path_, what + " comes twice");
  }
}

bool is_packed_file(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) return false;
  std::array<char, kPackedMagic.size()> start{};
  std::ifstream(file, std::ios::binary).read(start.data(), start.size());
  return std::string_view(start.data(), start.size()) == kPackedMagic;
}

}  // namespace sterna
