#pragma once

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/api/line.hpp"
#include "tests/support/escrowd_process.hpp"
#include "tests/support/fake_participant.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/openapi_contract.hpp"

namespace escrow::testing {

using nlohmann::json;

/// A real coordinator for one test. Every answer it gives is held against its own OpenAPI document.
///
/// On a line that loses answers, or has the coordinator killed, `get` and `post` ask until they have a whole answer; where they had to ask
/// again, the 200 of a repeat is as good as the 201 that was lost.
class Coordinator {
 public:
  explicit Coordinator(std::vector<std::string> flags = {});

  HttpMessage request(const std::string& method, const std::string& target, const std::string& body = "",
                      const std::vector<std::pair<std::string, std::string>>& headers = {});
  /// The body of an answer that must have that status.
  json get(const std::string& target, int status = 200);
  json post(const std::string& target, const json& body, int status = 200);

  /// Starts a transaction and waits for its end, at most ten seconds.
  json run(const json& body);
  /// The transaction once it is terminal; fails after ten seconds.
  json finished(const std::string& gid);
  /// The transaction once `holds` is true of it; fails after about ten seconds.
  json eventually(const std::string& gid, bool (*holds)(const json&));
  /// How many transactions there are, up to 500.
  std::size_t transactions();

  /// SIGKILL, and a new process on the same log.
  void crash();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& directory() const { return directory_.path(); }
  EscrowdProcess& process() { return *process_; }

 private:
  void start();
  HttpMessage judged(const std::string& method, const std::string& target, const std::string& body, HttpMessage answer);
  HttpMessage ask(const std::string& method, const std::string& target, const std::string& body, int status);

  std::vector<std::string> flags_;
  TemporaryDirectory directory_;
  std::unique_ptr<Line> line_;
  std::uint16_t port_ = 0;
  std::optional<EscrowdProcess> process_;
  std::optional<OpenapiContract> contract_;
};

/// A retry policy for tests: quick.
[[nodiscard]] json quick_retry(int max_attempts = 5);

}  // namespace escrow::testing
