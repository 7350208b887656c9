#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <escrow/outcome.hpp>

namespace escrow {

/// A request as ParticipantServer hands it to a service's own routes. Texts are percent-decoded once.
class HttpRequest {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  /// `target` is in origin form ("/orders/17?verbose=1"); nothing when it is not, or is wrongly percent-encoded.
  [[nodiscard]] static std::optional<HttpRequest> parse(std::string method, std::string_view target, Fields headers, std::string body);

  [[nodiscard]] const std::string& method() const noexcept { return method_; }
  /// Path and query as they stood in the request line.
  [[nodiscard]] const std::string& target() const noexcept { return target_; }
  /// The segments of the path: "/orders/17" has two.
  [[nodiscard]] const std::vector<std::string>& segments() const noexcept { return segments_; }
  /// A query parameter; the first one of that name.
  [[nodiscard]] std::optional<std::string> query(std::string_view name) const;
  /// A header, by its name in any case; the first one of that name.
  [[nodiscard]] std::optional<std::string> header(std::string_view name) const;
  [[nodiscard]] const Fields& headers() const noexcept { return headers_; }
  [[nodiscard]] const std::string& body() const noexcept { return body_; }
  /// What stood in the place of `{name}` in the route's path; empty when the route has no such place.
  [[nodiscard]] std::string parameter(std::string_view name) const;

  /// For routers: what `{name}` stands for.
  void set_parameters(Fields parameters) { parameters_ = std::move(parameters); }

 private:
  HttpRequest() = default;

  std::string method_;
  std::string target_;
  std::vector<std::string> segments_;
  Fields query_;
  Fields headers_;
  std::string body_;
  Fields parameters_;
};

/// Answers a plain request. Several threads call it at once. An exception is answered 500.
using HttpHandler = std::function<HttpAnswer(const HttpRequest& request)>;

/// An answer with a JSON body.
[[nodiscard]] HttpAnswer json_answer(unsigned status, std::string json);
/// A problem document (RFC 9457): `code` is a word for programs, `detail` a sentence for people.
[[nodiscard]] HttpAnswer problem_answer(unsigned status, std::string_view code, std::string_view detail);

}  // namespace escrow
