#include "client-sdk/src/initiator/bearer_token.hpp"

#include <stdexcept>
#include <string_view>
#include <utility>

namespace escrow {
namespace {

bool fits_in_a_header(std::string_view token) { return token.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos; }

std::string trimmed(const std::string& text) {
  constexpr std::string_view white = " \t\r\n";
  const auto begin = text.find_first_not_of(white);
  return begin == std::string::npos ? std::string() : text.substr(begin, text.find_last_not_of(white) - begin + 1);
}

}  // namespace

BearerToken::BearerToken(std::string value, const std::string& path) : value_(std::move(value)) {
  if (!fits_in_a_header(value_)) throw std::invalid_argument("the token holds a line break");
  if (path.empty()) return;
  file_.emplace(path);
  if (!read()) throw std::invalid_argument("no token can be read from " + path);
}

bool BearerToken::read() {
  const auto text = file_->read();
  if (!text) return false;
  std::string token = trimmed(*text);
  if (token.empty() || !fits_in_a_header(token)) return false;
  value_ = std::move(token);
  return true;
}

const std::string& BearerToken::now() {
  // Half a file, or none for a moment, is no token: the last one may still be good.
  if (file_ && file_->has_changed()) static_cast<void>(read());
  return value_;
}

}  // namespace escrow
