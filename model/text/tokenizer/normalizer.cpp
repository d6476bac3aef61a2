// SPDX-License-Identifier: Apache-2.0
#include "model/text/tokenizer/normalizer.hpp"

#include <cstdlib>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <utility>

#include <uninorm.h>

namespace sterna {
namespace {

const std::map<std::string, Normalizer::Form, std::less<>>& forms() {
  using enum Normalizer::Form;
  static const std::map<std::string, Normalizer::Form, std::less<>> forms{
      {"NFC", Nfc}, {"NFD", Nfd}, {"NFKC", Nfkc}, {"NFKD", Nfkd}};
  return forms;
}

std::string in_form(Normalizer::Form form, const std::string& text) {
  if (text.empty()) return text;
  const uninorm_t kinds[] = {UNINORM_NFC, UNINORM_NFD, UNINORM_NFKC, UNINORM_NFKD};
  std::size_t bytes = 0;
  const std::unique_ptr<std::uint8_t, decltype(&std::free)> out(
      u8_normalize(kinds[static_cast<std::size_t>(form)],
                   reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), nullptr,
                   &bytes),
      std::free);
  if (!out) throw std::bad_alloc();
  return {reinterpret_cast<const char*>(out.get()), bytes};
}

std::string replaced(const Regex& pattern, const std::string& with, const std::string& text) {
  std::string out;
  std::size_t from = 0;
  for (auto match = pattern.find(text, 0); match; match = pattern.find(text, from)) {
    out.append(text, from, match->begin - from).append(with);
    from = match->end;
  }
  return out.append(text, from);
}

}  // namespace

Normalizer::Normalizer(const JsonFile& description) { add_steps(description); }

void Normalizer::add_steps(const JsonFile& description) {
  const std::string type = description.text("type", "");
  if (const auto form = forms().find(type); form != forms().end()) {
    add_form(form->second);
  } else if (type == "Sequence") {
    for (const JsonFile& step : description.objects("normalizers")) add_steps(step);
  } else if (type == "Prepend") {
    add_prepend(description.text("prepend", ""));
  } else if (type == "Replace") {
    add_replace(read_regex(description.object("pattern")), description.text("content", ""));
  } else {
    description.refuse("type",
                       "only NFC, NFD, NFKC, NFKD, Prepend, Replace and Sequence are supported");
  }
}

std::string Normalizer::apply(std::string_view text) const {
  std::string out(text);
  for (const auto& step : steps_) {
    if (const auto* form = std::get_if<Form>(&step)) {
      out = in_form(*form, out);
    } else if (const auto* prepend = std::get_if<Prepend>(&step)) {
      if (!out.empty()) out.insert(0, prepend->text);
    } else {
      const auto& replace = std::get<Replace>(step);
      out = replaced(replace.pattern, replace.text, out);
    }
  }
  return out;
}

}  // namespace sterna
