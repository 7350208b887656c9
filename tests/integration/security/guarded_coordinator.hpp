#pragma once

#include <nlohmann/json.hpp>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/escrowd_process.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/openapi_contract.hpp"

namespace escrow::testing {

using nlohmann::json;
using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// A token as a principal holds it. Each name has its own; they are marked, so that a log can be searched for them.
[[nodiscard]] std::string token_of(const std::string& name);
/// An entry of the tokens file; `more` are further members, as YAML lines.
[[nodiscard]] std::string entry_of(const std::string& name, const std::string& role, const std::string& token,
                                   const std::string& more = "");
/// `Authorization` with that token.
[[nodiscard]] HeaderList bearer(const std::string& token);

/// A real coordinator that asks who is there. It knows a principal for each role, named like the role, with `token_of` that name.
class GuardedCoordinator {
 public:
  /// `settings` are further lines of its configuration, `entries` of its tokens file.
  explicit GuardedCoordinator(const std::string& settings = "", const std::string& entries = "");

  /// With the token of the principal, or without any for an empty name. Every answer is held against the OpenAPI document.
  HttpMessage as(const std::string& name, const std::string& method, const std::string& target, const std::string& body = "",
                 HeaderList headers = {});
  HttpMessage request(const std::string& method, const std::string& target, const std::string& body = "", const HeaderList& headers = {});

  /// Puts another tokens file in the place of the old one.
  void replace_tokens(const std::string& text);
  /// What the tokens file says at the start.
  [[nodiscard]] static std::string usual_tokens();
  /// The number behind a line of `/metrics`; 0 when there is none.
  double metric(const std::string& sample);
  /// SIGTERM, and another process on the same directory.
  void restart();
  /// Everything it has logged, once it has ended.
  std::string log_after_stop();

  [[nodiscard]] std::uint16_t port() const { return process_->port(); }
  [[nodiscard]] const std::string& directory() const { return directory_.path(); }
  EscrowdProcess& process() { return *process_; }
  [[nodiscard]] const OpenapiContract& contract() const { return *contract_; }

 private:
  void start();

  TemporaryDirectory directory_;
  std::optional<EscrowdProcess> process_;
  std::optional<OpenapiContract> contract_;
};

void write_file(const std::string& path, std::string_view text);
[[nodiscard]] std::string read_file(const std::string& path);
/// Asks until `holds`, at most some ten seconds.
[[nodiscard]] bool comes_true(const std::function<bool()>& holds);

}  // namespace escrow::testing
