#include "tests/integration/security/guarded_coordinator.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace escrow::testing {
namespace {

/// By the program itself: what it hashes is what it compares with.
std::string hash_of(const std::string& token) {
  const TemporaryDirectory directory;
  write_file(directory.path() + "/token", token + "\n");
  const FinishedProcess made =
      run_to_end({"/bin/sh", "-c", std::string(ESCROWD) + " token --hash < " + directory.path() + "/token"}, directory.path());
  REQUIRE(made.status == 0);
  return made.output.substr(0, made.output.find('\n'));
}

}  // namespace

std::string token_of(const std::string& name) { return "esc_" + std::string(40, 'C') + "ANARY" + name; }

std::string entry_of(const std::string& name, const std::string& role, const std::string& token, const std::string& more) {
  return "- name: " + name + "\n  roles: [" + role + "]\n  hash: " + hash_of(token) + "\n" + more;
}

HeaderList bearer(const std::string& token) { return {{"Authorization", "Bearer " + token}}; }

std::string GuardedCoordinator::usual_tokens() {
  static const std::string text = [] {
    std::string out;
    for (const char* role : {"read", "initiate", "operate", "admin"}) out += entry_of(role, role, token_of(role));
    return out;
  }();
  return text;
}

GuardedCoordinator::GuardedCoordinator(const std::string& settings, const std::string& entries) {
  const std::string tokens = directory() + "/tokens.yaml";
  write_file(tokens, usual_tokens() + entries);
  std::filesystem::permissions(tokens, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  write_file(directory() + "/escrow.yaml", "auth.tokens_file: " + tokens + "\n" + settings);
  start();
  contract_.emplace(send_http(port(), "GET", "/openapi.json").body);
}

void GuardedCoordinator::start() {
  process_.emplace(ESCROWD, directory(), std::vector<std::string>{"--config", directory() + "/escrow.yaml", "--log-level", "debug"});
}

void GuardedCoordinator::restart() {
  REQUIRE(process_->stop() == 0);
  start();
}

HttpMessage GuardedCoordinator::request(const std::string& method, const std::string& target, const std::string& body,
                                        const HeaderList& headers) {
  HttpMessage answer = send_http(port(), method, target, body, headers);
  INFO(method << " " << target << " " << body.substr(0, 500) << "\n" << answer.status << " " << answer.body.substr(0, 2'000));
  for (const std::string& violation : contract_->violations(method, target, answer)) {
    INFO(violation);
    CHECK(violation.empty());
  }
  return answer;
}

HttpMessage GuardedCoordinator::as(const std::string& name, const std::string& method, const std::string& target, const std::string& body,
                                   HeaderList headers) {
  if (!name.empty()) headers.emplace_back("Authorization", "Bearer " + token_of(name));
  return request(method, target, body, headers);
}

void GuardedCoordinator::replace_tokens(const std::string& text) {
  const std::string tokens = directory() + "/tokens.yaml";
  write_file(tokens + ".new", text);
  std::filesystem::permissions(tokens + ".new", std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::filesystem::rename(tokens + ".new", tokens);
}

double GuardedCoordinator::metric(const std::string& sample) {
  const std::string page = as("read", "GET", "/metrics").body;
  const std::size_t at = page.find("\n" + sample + " ");
  return at == std::string::npos ? 0 : std::stod(page.substr(at + sample.size() + 2));
}

std::string GuardedCoordinator::log_after_stop() {
  CHECK(process_->stop() == 0);
  return read_file(directory() + "/escrowd.log");
}

void write_file(const std::string& path, std::string_view text) { std::ofstream(path, std::ios::binary) << text; }

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool comes_true(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < end) {
    if (holds()) return true;
  }
  return false;
}

}  // namespace escrow::testing
