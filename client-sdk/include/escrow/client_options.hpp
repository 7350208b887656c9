#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace escrow {

/// How a Client reaches the coordinator.
class ClientOptions {
 public:
  /// `http://127.0.0.1:7400`, no token, the system's authorities.
  ClientOptions() = default;

  /// ESCROW_URL (comma-separated), ESCROW_TOKEN or ESCROW_TOKEN_FILE, ESCROW_CA_FILE, ESCROW_CERTIFICATE_FILE and ESCROW_KEY_FILE; what
  /// is not set or empty keeps its default.
  [[nodiscard]] static ClientOptions from_environment();

  /// Coordinators of one installation, `http://HOST:PORT` or `https://HOST:PORT`, separated by commas. The first that works is kept until
  /// it fails; the others are tried with the same request then.
  ClientOptions& urls(std::string_view comma_separated);
  /// Sent as `Authorization: Bearer`.
  ClientOptions& token(std::string token) {
    token_ = std::move(token);
    return *this;
  }
  /// The same from a file, which is read again when it changes: tokens rotate. White space around the token does not count. A file that
  /// can't be read any more keeps the last token; one that can't be read at first, the Client's constructor throws. Beats `token`.
  ClientOptions& token_file(std::string path) {
    token_file_ = std::move(path);
    return *this;
  }
  /// PEM files of a certificate with its chain, and of its key: shown to a coordinator that asks for one.
  ClientOptions& certificate(std::string certificate_file, std::string key_file) {
    certificate_file_ = std::move(certificate_file);
    key_file_ = std::move(key_file);
    return *this;
  }
  /// A PEM file of the authorities that https addresses are verified against, instead of the system's.
  ClientOptions& ca_file(std::string path) {
    ca_file_ = std::move(path);
    return *this;
  }
  /// The calls of an interactive scope to participants at `pattern` (`HOST`, `*.HOST`, `HOST:PORT` or `*`) are signed with this key
  /// (`whsec_` or `whsk_`), as the coordinator signs its own. Every key whose pattern matches signs. What is wrong with one, the Client's
  /// constructor throws.
  ClientOptions& sign_calls(std::string pattern, std::string key) {
    signing_keys_.emplace_back(std::move(pattern), std::move(key));
    return *this;
  }
  /// For establishing one connection, TLS included; default 1 s.
  ClientOptions& connect_timeout(std::chrono::milliseconds value) {
    connect_timeout_ = value;
    return *this;
  }
  /// For one try at one address, from connecting to the last byte, beside the time that the coordinator was asked to wait; default 5 s.
  ClientOptions& attempt_timeout(std::chrono::milliseconds value) {
    attempt_timeout_ = value;
    return *this;
  }
  /// For a whole call over all its attempts, beside the time that it was asked to wait; default 20 s.
  ClientOptions& total_timeout(std::chrono::milliseconds value) {
    total_timeout_ = value;
    return *this;
  }
  /// Sent as `Escrow-Actor`: whose hand it is, where the coordinator has no authentication.
  ClientOptions& actor(std::string name) {
    actor_ = std::move(name);
    return *this;
  }

  [[nodiscard]] const std::vector<std::string>& urls() const noexcept { return urls_; }
  [[nodiscard]] const std::string& token() const noexcept { return token_; }
  [[nodiscard]] const std::string& token_file() const noexcept { return token_file_; }
  [[nodiscard]] const std::string& ca_file() const noexcept { return ca_file_; }
  [[nodiscard]] const std::string& certificate_file() const noexcept { return certificate_file_; }
  [[nodiscard]] const std::string& key_file() const noexcept { return key_file_; }
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& signing_keys() const noexcept { return signing_keys_; }
  [[nodiscard]] std::chrono::milliseconds connect_timeout() const noexcept { return connect_timeout_; }
  [[nodiscard]] std::chrono::milliseconds attempt_timeout() const noexcept { return attempt_timeout_; }
  [[nodiscard]] std::chrono::milliseconds total_timeout() const noexcept { return total_timeout_; }
  [[nodiscard]] const std::string& actor() const noexcept { return actor_; }

 private:
  std::vector<std::string> urls_{"http://127.0.0.1:7400"};
  std::string token_;
  std::string token_file_;
  std::string ca_file_;
  std::string certificate_file_;
  std::string key_file_;
  std::vector<std::pair<std::string, std::string>> signing_keys_;
  std::chrono::milliseconds connect_timeout_{1'000};
  std::chrono::milliseconds attempt_timeout_{5'000};
  std::chrono::milliseconds total_timeout_{20'000};
  std::string actor_;
};

}  // namespace escrow
