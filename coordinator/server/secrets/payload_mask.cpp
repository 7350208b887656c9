#include "coordinator/server/secrets/payload_mask.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "protocol/json_reader.hpp"

namespace escrow::server {
namespace {

constexpr std::string_view hidden = "\"***\"";

/// `~1` is a slash, `~0` a tilde.
std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '~') {
      out.push_back(text[i]);
      continue;
    }
    if (++i == text.size() || (text[i] != '0' && text[i] != '1')) return std::nullopt;
    out.push_back(text[i] == '0' ? '~' : '/');
  }
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

/// Copies a text and leaves out what is hidden.
class MaskingWalk {
 public:
  MaskingWalk(const PayloadMask& mask, std::string_view text, std::string& out) : mask_(mask), text_(text), out_(out) {}

  void run(const protocol::JsonValue& root) {
    visit(root);
    out_.append(text_.substr(copied_));
  }

 private:
  void visit(const protocol::JsonValue& value) {
    for (const protocol::JsonMember& member : value.members()) visit_at(member.name, member.value);
    std::size_t index = 0;
    for (const protocol::JsonValue& element : value.elements()) visit_at(std::to_string(index++), element, false);
  }

  void visit_at(std::string step, const protocol::JsonValue& value, bool has_name = true) {
    const bool is_hidden_name = has_name && mask_.names_.contains(step);
    path_.push_back(std::move(step));
    if (is_hidden_name || mask_.hides(path_)) {
      hide(value.text());
    } else {
      visit(value);
    }
    path_.pop_back();
  }

  void hide(std::string_view part) {
    const auto begin = static_cast<std::size_t>(part.data() - text_.data());
    out_.append(text_.substr(copied_, begin - copied_)).append(hidden);
    copied_ = begin + part.size();
  }

  const PayloadMask& mask_;
  std::string_view text_;
  std::string& out_;
  PayloadMask::Path path_;
  std::size_t copied_ = 0;
};

Result<PayloadMask, Error> PayloadMask::make(const std::vector<std::string>& members) {
  const auto wrong = [](std::string detail) { return Error{std::make_error_code(std::errc::invalid_argument), std::move(detail)}; };
  PayloadMask mask;
  for (const std::string& member : members) {
    if (member.empty()) return wrong("an empty name hides nothing");
    if (!member.starts_with('/')) {
      mask.names_.insert(member);
      continue;
    }
    Path path;
    for (std::size_t at = 0; at != std::string::npos;) {
      const std::size_t end = member.find('/', at + 1);
      auto step = unescaped(std::string_view(member).substr(at + 1, end == std::string::npos ? end : end - at - 1));
      if (!step) return wrong(member + " is no JSON pointer");
      path.push_back(*std::move(step));
      at = end;
    }
    mask.pointers_.push_back(std::move(path));
  }
  return mask;
}

bool PayloadMask::hides(const Path& path) const {
  return std::ranges::any_of(pointers_, [&path](const Path& pointer) {
    return pointer.size() == path.size() && std::ranges::equal(pointer, path, [](const std::string& wanted, const std::string& step) {
             return wanted == "*" || wanted == step;
           });
  });
}

void PayloadMask::append(std::string& out, std::string_view json) const {
  const auto document = protocol::JsonDocument::read(json);
  if (!document) {
    out.append(hidden);
    return;
  }
  MaskingWalk(*this, json, out).run(document->root());
}

std::string without_participants_words(std::string_view detail) {
  // Ours are `409: words` and sentences that end with that; a status stands at the beginning or behind a space.
  for (std::size_t at = 0; at + 5 <= detail.size(); ++at) {
    const bool is_status = is_digit(detail[at]) && is_digit(detail[at + 1]) && is_digit(detail[at + 2]) && detail[at + 3] == ':' &&
                           detail[at + 4] == ' ' && (at == 0 || detail[at - 1] == ' ');
    if (is_status) return std::string(detail.substr(0, at + 5)) + "***";
  }
  return std::string(detail);
}

}  // namespace escrow::server
