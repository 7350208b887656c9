#include <escrow/http_request.hpp>

#include "client-sdk/src/participant/problem.hpp"
#include "protocol/headers.hpp"

namespace escrow {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded += text[at];
      continue;
    }
    if (at + 2 >= text.size()) return std::nullopt;
    const int high = hex_value(text[at + 1]);
    const int low = hex_value(text[at + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return decoded;
}

/// Calls `take` with every piece between separators; false as soon as it says so.
template <class Take>
bool split(std::string_view text, char separator, Take take) {
  while (true) {
    const auto end = text.find(separator);
    if (!take(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::string> first_of(const HttpRequest::Fields& fields, std::string_view name) {
  for (const auto& [field, value] : fields) {
    if (field == name) return value;
  }
  return std::nullopt;
}

}  // namespace

std::optional<HttpRequest> HttpRequest::parse(std::string method, std::string_view target, Fields headers, std::string body) {
  if (target.empty() || target.front() != '/') return std::nullopt;
  HttpRequest request;
  request.method_ = std::move(method);
  request.target_ = target;
  request.headers_ = std::move(headers);
  request.body_ = std::move(body);

  const auto question = target.find('?');
  const auto path = target.substr(1, question == std::string_view::npos ? question : question - 1);
  const bool path_is_fine = path.empty() || split(path, '/', [&](std::string_view segment) {
                              auto decoded = percent_decoded(segment);
                              if (decoded) request.segments_.push_back(std::move(*decoded));
                              return decoded.has_value();
                            });
  if (!path_is_fine) return std::nullopt;
  if (question == std::string_view::npos) return request;

  const bool query_is_fine = split(target.substr(question + 1), '&', [&](std::string_view pair) {
    if (pair.empty()) return true;
    const auto equals = pair.find('=');
    auto name = percent_decoded(pair.substr(0, equals));
    auto value = percent_decoded(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    if (!name || !value) return false;
    request.query_.emplace_back(std::move(*name), std::move(*value));
    return true;
  });
  if (!query_is_fine) return std::nullopt;
  return request;
}

std::optional<std::string> HttpRequest::query(std::string_view name) const { return first_of(query_, name); }

std::optional<std::string> HttpRequest::header(std::string_view name) const {
  for (const auto& [field, value] : headers_) {
    if (protocol::equal_header_names(field, name)) return value;
  }
  return std::nullopt;
}

std::string HttpRequest::parameter(std::string_view name) const { return first_of(parameters_, name).value_or(std::string()); }

HttpAnswer json_answer(unsigned status, std::string json) {
  HttpAnswer answer;
  answer.status = status;
  answer.content_type = "application/json";
  answer.body = std::move(json);
  return answer;
}

HttpAnswer problem_answer(unsigned status, std::string_view code, std::string_view detail) {
  return participant::problem(status, code, code, detail);
}

}  // namespace escrow
